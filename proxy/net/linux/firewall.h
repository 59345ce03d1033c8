// The nftables ruleset of a gateway between the school's network and the internet, as text.
//
// A pure function: nothing is loaded, no privilege is needed. `schoolgate firewall` prints it, `nft -f` loads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "names/ip_address.h"
#include "proxy/net/linux/original_destination.h"

namespace schoolgate::net {

struct FirewallPlan {
  Interception mode = Interception::redirect;
  std::string inside_interface;                   ///< towards the school's devices, e.g. "eth1"; may be empty
  std::vector<names::IpNetwork> inside_networks;  ///< whose traffic is filtered; empty: all that the interface brings
  std::uint16_t http_port = 8081;                 ///< listen.http: receives port 80
  std::uint16_t tls_port = 8443;                  ///< listen.tls: receives port 443
  std::uint32_t gateway_mark = 0x5347;            ///< packets so marked are the gateway's own and are left alone
  std::uint32_t tproxy_mark = 1;                  ///< routes intercepted packets to this machine (tproxy)
  std::uint32_t tproxy_table = 100;
  std::optional<std::uint32_t> filter_own_except_uid;  ///< filter this machine's own users too, all but this user id
};

/// Fault config when neither interface nor networks are given, a name could not be an interface's, a port is 0, or
/// filter_own_except_uid is asked for with tproxy (which cannot do it).
[[nodiscard]] Result<std::string> firewall_rules(const FirewallPlan& plan);

}  // namespace schoolgate::net
