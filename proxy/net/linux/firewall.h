// The nftables ruleset of a gateway between the school's network and the internet, as text: closed unless opened.
//
// Web traffic of every device inside, placed in a group or not, is diverted to the transparent listeners. Of what else
// leaves the school's networks, only the ports opened for a group pass. A pure function: nothing is loaded, no
// privilege is needed. `schoolgate firewall` prints the ruleset, `nft -f` loads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "names/ip_address.h"
#include "proxy/net/linux/original_destination.h"

namespace schoolgate::net {

/// How the gateway stands in the network.
enum class Topology : std::uint8_t {
  routed,     ///< a router: the devices on the inside interfaces, the internet on another one
  bridge,     ///< a bridge between the devices and their router; an inside interface is a port of the bridge
  one_armed,  ///< one interface for both: the devices' default gateway, which sends on to the router
};

struct OpenPort {
  std::uint16_t number = 0;
  bool udp = false;
  auto operator<=>(const OpenPort&) const = default;
};

/// A network whose devices may use these ports beyond the web; without ports it is closed. The longest network wins, as
/// in policy.yaml; of two equal ones the closed one does.
struct PlacedNetwork {
  names::IpNetwork network;
  std::vector<OpenPort> ports;
};

struct FirewallPlan {
  Interception mode = Interception::redirect;
  Topology topology = Topology::routed;
  /// Interfaces towards the school's devices; each stands for its VLANs too ("eth1" for "eth1.20"). Empty: whatever
  /// arrives is taken for a device's, and there is no NAT.
  std::vector<std::string> inside;
  std::vector<PlacedNetwork> networks;      ///< of the groups, and those where a device has to sign in (without ports)
  std::vector<names::IpNetwork> servers;    ///< upstream.allow_private: reached directly, where the network is private
  std::vector<names::IpAddress> resolvers;  ///< name servers beyond the gateway that devices may ask
  bool masquerade = true;                   ///< IPv4 from private addresses leaves under the gateway's address
  std::uint16_t http_port = 8081;           ///< listen.http: receives port 80
  std::uint16_t tls_port = 8443;            ///< listen.tls: receives port 443
  std::uint32_t gateway_mark = 0x5347;      ///< packets so marked are the gateway's own and are left alone
  std::uint32_t inside_mark = 0x5348;       ///< bridge: packets that came in through an inside port
  std::uint32_t passed_mark = 0x5349;       ///< bridge: packets of devices that the rules let pass
  std::uint32_t tproxy_mark = 1;            ///< routes intercepted packets to this machine (tproxy)
  std::uint32_t tproxy_table = 100;
  std::optional<std::uint32_t> filter_own_except_uid;  ///< filter this machine's own users too, all but this user id
  /// fingerprint() of the plan that the configuration asks for, by which firewall_watch.h knows the ruleset.
  std::string made_from = {};
};

/// Fault config when a name could not be an interface's, a port is 0, a bridge has no inside interface or is asked for
/// tproxy, or filter_own_except_uid is asked for with tproxy (which cannot do it).
[[nodiscard]] Result<std::string> firewall_rules(const FirewallPlan& plan);

/// Twelve hex digits of what the plan's rules say; empty for a plan that has none.
[[nodiscard]] std::string fingerprint(const FirewallPlan& plan);

}  // namespace schoolgate::net
