#include "proxy/net/linux/firewall_watch.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "proxy/net/file_descriptor.h"
#include "proxy/net/linux/netlink.h"

namespace schoolgate::net {
namespace {

using Bytes = NetlinkBytes;

constexpr std::string_view kTable = "schoolgate";
constexpr std::string_view kMarker = "made_";
constexpr std::string_view kLoadAgain =
    "systemctl restart schoolgate-firewall, or `schoolgate firewall --config DIR | nft -f -`";

// Calls `each` with the type and value of every attribute; ends at what is none.
void each_attribute(Bytes bytes, auto&& each) {
  while (bytes.size() >= sizeof(nlattr)) {
    const auto head = read_as<nlattr>(bytes);
    if (head.nla_len < sizeof(nlattr) || head.nla_len > bytes.size()) return;
    each(std::uint16_t(head.nla_type & NLA_TYPE_MASK), bytes.first(head.nla_len).subspan(NLA_HDRLEN));
    bytes = bytes.subspan(std::min<std::size_t>(NLA_ALIGN(head.nla_len), bytes.size()));
  }
}

std::string_view text_of(Bytes value) {
  const std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
  return text.substr(0, text.find('\0'));
}

std::string_view family_name(std::uint8_t family) {
  if (family == NFPROTO_INET) return "inet/";
  if (family == NFPROTO_BRIDGE) return "bridge/";
  return {};
}

}  // namespace

std::string_view to_string(FirewallState state) noexcept {
  switch (state) {
    case FirewallState::off: return "off";
    case FirewallState::in_force: return "in-force";
    case FirewallState::missing: return "missing";
    case FirewallState::changed: return "changed";
    case FirewallState::unknown: return "unknown";
  }
  return "unknown";
}

std::string shape_of(const RulesOfChains& chains) {
  std::string text;
  for (const auto& [name, rules] : chains) text += name + ' ' + std::to_string(rules) + '\n';
  return to_hex(sha256(text)).substr(0, 12);
}

std::string marker_chain(std::string_view made_from, std::string_view shape) {
  return std::string(kMarker) + std::string(made_from) + '_' + std::string(shape);
}

void TableReader::table(Bytes attributes, std::uint8_t family) {
  bool ours = false;
  std::uint64_t handle = 0;
  each_attribute(attributes, [&](std::uint16_t type, Bytes value) {
    if (type == NFTA_TABLE_NAME) ours = text_of(value) == kTable;
    if (type == NFTA_TABLE_HANDLE && value.size() == 8)
      for (const std::uint8_t byte : value) handle = handle << 8 | byte;
  });
  if (ours && family == NFPROTO_INET) loaded_.table = handle;
}

void TableReader::chain(Bytes attributes, std::uint8_t family) {
  bool ours = false;
  std::string_view name;
  each_attribute(attributes, [&](std::uint16_t type, Bytes value) {
    if (type == NFTA_CHAIN_TABLE) ours = text_of(value) == kTable;
    if (type == NFTA_CHAIN_NAME) name = text_of(value);
  });
  if (!ours || family_name(family).empty()) return;
  if (!name.starts_with(kMarker)) {
    loaded_.chains.try_emplace(std::string(family_name(family)) + std::string(name), 0);
    return;
  }
  name.remove_prefix(kMarker.size());
  const std::size_t end = name.find('_');
  loaded_.made_from = name.substr(0, end);
  loaded_.shape = end == std::string_view::npos ? std::string_view() : name.substr(end + 1);
}

void TableReader::rule(Bytes attributes, std::uint8_t family) {
  bool ours = false;
  std::string chain(family_name(family));
  Bytes expressions;
  each_attribute(attributes, [&](std::uint16_t type, Bytes value) {
    if (type == NFTA_RULE_TABLE) ours = text_of(value) == kTable;
    if (type == NFTA_RULE_CHAIN) chain += text_of(value);
    if (type == NFTA_RULE_EXPRESSIONS) expressions = value;
  });
  if (!ours || family_name(family).empty()) return;
  ++loaded_.chains[chain];
  rules_.update(chain + '\n');
  each_attribute(expressions, [&](std::uint16_t, Bytes expression) {
    std::string_view name;
    each_attribute(expression, [&](std::uint16_t type, Bytes value) {
      if (type == NFTA_EXPR_NAME) name = text_of(value);
      if (type != NFTA_EXPR_DATA || name == "counter") return;
      rules_.update({reinterpret_cast<const char*>(value.data()), value.size()});
    });
    rules_.update(name);
    rules_.update("\n");
  });
}

bool TableReader::read(Bytes bytes) {
  while (bytes.size() >= sizeof(nlmsghdr)) {
    const auto head = read_as<nlmsghdr>(bytes);
    if (head.nlmsg_len < sizeof(nlmsghdr) || head.nlmsg_len > bytes.size()) return false;
    const Bytes body = bytes.first(head.nlmsg_len).subspan(NLMSG_HDRLEN);
    if (head.nlmsg_type == NLMSG_ERROR) failed_ = body.size() >= sizeof(int) ? -read_as<int>(body) : EBADMSG;
    if (head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR) return false;
    if (head.nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES && body.size() >= sizeof(nfgenmsg)) {
      const std::uint8_t family = read_as<nfgenmsg>(body).nfgen_family;
      const Bytes attributes = body.subspan(NLMSG_ALIGN(sizeof(nfgenmsg)));
      const int message = head.nlmsg_type & 0xFF;
      if (message == NFT_MSG_NEWTABLE) table(attributes, family);
      if (message == NFT_MSG_NEWCHAIN) chain(attributes, family);
      if (message == NFT_MSG_NEWRULE) rule(attributes, family);
    }
    bytes = bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), bytes.size()));
  }
  return bytes.empty();
}

LoadedFirewall TableReader::take() {
  loaded_.rules = to_hex(rules_.finish());
  return std::move(loaded_);
}

Result<LoadedFirewall> read_firewall() {
  const FileDescriptor fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (fd.get() < 0) return fail_errno("cannot ask the kernel for its firewall", errno);
  const timeval patience{2, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  TableReader reader;
  alignas(nlmsghdr) std::array<std::uint8_t, 64 << 10> buffer;
  std::uint32_t sequence = 0;
  for (const int message : {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE}) {
    struct {
      nlmsghdr head;
      nfgenmsg body;
    } question{};
    question.head.nlmsg_len = sizeof question;
    question.head.nlmsg_type = std::uint16_t(NFNL_SUBSYS_NFTABLES << 8 | message);
    question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    question.head.nlmsg_seq = ++sequence;
    question.body.nfgen_family = NFPROTO_UNSPEC;
    question.body.version = NFNETLINK_V0;
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (::sendto(fd.get(), &question, sizeof question, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) <
        0)
      return fail_errno("cannot ask the kernel for its firewall", errno);
    while (true) {
      const auto got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno("the kernel did not tell its firewall", errno);
      if (got == 0 || !reader.read({buffer.data(), std::size_t(got)})) break;
    }
    if (reader.failed() != 0)
      return fail_errno("the kernel did not tell its firewall", reader.failed(),
                        "the gateway needs CAP_NET_ADMIN, which its unit gives it");
  }
  return reader.take();
}

FirewallReport FirewallWatch::judge(const LoadedFirewall& loaded, std::string_view made_from) {
  const auto changed = [](std::string why) {
    return FirewallReport{FirewallState::changed, std::move(why), std::string(kLoadAgain)};
  };
  if (loaded.table == 0) {
    table_ = 0;
    return {FirewallState::missing, "the table inet schoolgate is not loaded: devices are not filtered",
            std::string(kLoadAgain)};
  }
  if (loaded.made_from.empty()) return changed("the table inet schoolgate is not one that this release prints");
  if (shape_of(loaded.chains) != loaded.shape)
    return changed("rules were added to the table inet schoolgate or taken out of it");
  if (loaded.table != table_) {
    table_ = loaded.table;
    rules_ = loaded.rules;
  }
  if (loaded.rules != rules_) return changed("rules of the table inet schoolgate were replaced");
  if (loaded.made_from != made_from)
    return changed("the table inet schoolgate was made from another configuration than the one in force");
  return {FirewallState::in_force, {}, {}};
}

FirewallReport FirewallWatch::look(std::string_view made_from) {
  const auto loaded = read_firewall();
  if (!loaded) return {FirewallState::unknown, loaded.error().what, loaded.error().next};
  return judge(*loaded, made_from);
}

}  // namespace schoolgate::net
