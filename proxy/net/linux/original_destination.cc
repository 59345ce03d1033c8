#include "proxy/net/linux/original_destination.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace schoolgate::net {
namespace {

// <linux/netfilter_ipv4.h> SO_ORIGINAL_DST and <linux/netfilter_ipv6/ip6_tables.h> IP6T_SO_ORIGINAL_DST; those headers
// cannot be included beside <netinet/in.h>.
constexpr int kOriginalDestination = 80;

}  // namespace

Result<Endpoint> original_destination(int fd, Interception how) {
  const auto local = local_endpoint(fd);
  if (!local) return fail_errno("the intercepted connection is gone", errno);
  if (how == Interception::tproxy) return *local;

  SocketAddress address;
  address.length = sizeof address.storage;
  const int level = local->address.is_v4() ? IPPROTO_IP : IPPROTO_IPV6;
  if (::getsockopt(fd, level, kOriginalDestination, address.get(), &address.length) == 0)
    if (const auto original = to_endpoint(address)) return *original;
  return fail(Fault::client, "a connection to " + local->text() + " did not come through the firewall",
              "the transparent ports are for redirected traffic; browsers use the proxy port");
}

}  // namespace schoolgate::net
