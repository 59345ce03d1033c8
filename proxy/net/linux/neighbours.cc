#include "proxy/net/linux/neighbours.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "proxy/net/file_descriptor.h"
#include "proxy/net/linux/netlink.h"

namespace schoolgate::net {
namespace {

using Bytes = NetlinkBytes;

/// USER_HZ: in what the kernel tells times to programs, on every architecture that Linux runs on today.
constexpr std::uint32_t kTicksPerSecond = 100;
/// The machine answered at least once there; the rest is guessing, failure or our own doing.
constexpr std::uint16_t kAnswered = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;

std::string mac_text(Bytes six) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : six) {
    if (!text.empty()) text += ':';
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::optional<names::IpAddress> address_of(Bytes bytes) {
  if (bytes.size() == 4)
    return names::IpAddress::v4(std::uint32_t(bytes[0]) << 24 | std::uint32_t(bytes[1]) << 16 |
                                std::uint32_t(bytes[2]) << 8 | bytes[3]);
  if (bytes.size() == 16) return names::IpAddress::v6(bytes.first<16>());
  return std::nullopt;
}

/// One RTM_NEWNEIGH, after its header.
std::optional<Neighbour> neighbour_of(Bytes message) {
  if (message.size() < sizeof(ndmsg)) return std::nullopt;
  const auto head = read_as<ndmsg>(message);
  if ((head.ndm_state & kAnswered) == 0) return std::nullopt;
  std::optional<names::IpAddress> address;
  Neighbour neighbour;
  for (Bytes rest = message.subspan(NLMSG_ALIGN(sizeof(ndmsg))); rest.size() >= sizeof(rtattr);) {
    const auto attribute = read_as<rtattr>(rest);
    if (attribute.rta_len < sizeof(rtattr) || attribute.rta_len > rest.size()) return std::nullopt;
    const Bytes value = rest.first(attribute.rta_len).subspan(RTA_LENGTH(0));
    if (attribute.rta_type == NDA_DST) address = address_of(value);
    if (attribute.rta_type == NDA_LLADDR && value.size() == 6) neighbour.mac = mac_text(value);
    if (attribute.rta_type == NDA_CACHEINFO && value.size() >= sizeof(nda_cacheinfo)) {
      const auto cache = read_as<nda_cacheinfo>(value);
      const std::uint32_t ticks = std::min(cache.ndm_confirmed, cache.ndm_updated);
      if ((head.ndm_state & NUD_PERMANENT) == 0)  // what an administrator wrote down is always true
        neighbour.since = std::chrono::milliseconds(std::uint64_t(ticks) * 1000 / kTicksPerSecond);
    }
    rest = rest.subspan(std::min<std::size_t>(RTA_ALIGN(attribute.rta_len), rest.size()));
  }
  if (!address || neighbour.mac.empty() || neighbour.mac == "00:00:00:00:00:00") return std::nullopt;
  neighbour.address = *address;
  return neighbour;
}

}  // namespace

bool read_neighbour_messages(Bytes bytes, std::vector<Neighbour>& into, std::size_t most) {
  while (bytes.size() >= sizeof(nlmsghdr)) {
    const auto head = read_as<nlmsghdr>(bytes);
    if (head.nlmsg_len < sizeof(nlmsghdr) || head.nlmsg_len > bytes.size()) return false;
    if (head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR) return false;
    if (head.nlmsg_type == RTM_NEWNEIGH && into.size() < most)
      if (auto neighbour = neighbour_of(bytes.first(head.nlmsg_len).subspan(NLMSG_HDRLEN)))
        into.push_back(*std::move(neighbour));
    bytes = bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), bytes.size()));
  }
  return bytes.empty();
}

Result<std::vector<Neighbour>> read_neighbours(std::chrono::milliseconds within, std::size_t most) {
  const FileDescriptor fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (fd.get() < 0) return fail_errno("cannot ask the kernel for its neighbours", errno);
  const timeval patience{2, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  struct {
    nlmsghdr head;
    ndmsg body;
  } question{};
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = RTM_GETNEIGH;
  question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.head.nlmsg_seq = 1;
  question.body.ndm_family = AF_UNSPEC;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd.get(), &question, sizeof question, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0)
    return fail_errno("cannot ask the kernel for its neighbours", errno);
  std::vector<Neighbour> neighbours;
  alignas(nlmsghdr) std::array<std::uint8_t, 64 << 10> buffer;
  while (true) {
    const auto got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("the kernel did not tell its neighbours", errno);
    if (got > 0 && read_neighbour_messages({buffer.data(), std::size_t(got)}, neighbours, most)) continue;
    std::erase_if(neighbours, [&](const Neighbour& neighbour) { return neighbour.since > within; });
    return neighbours;
  }
}

}  // namespace schoolgate::net
