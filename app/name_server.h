// What the school's own name server has to answer so that devices ask for safe search, keep to the network's DNS and
// give no hint of what the gateway could not see: as a configuration of Debian's unbound or dnsmasq.
//
// Pure; any thread. No name of a list stands in it: lists are the gateway's to judge.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "names/ip_address.h"
#include "rules/policy_spec.h"

namespace schoolgate::app {

/// What devices of one group are answered.
struct NameServerView {
  std::string group;                       ///< its id
  std::vector<names::IpNetwork> networks;  ///< of the group
  bool safe_search = false;                ///< search engines lead to their safe endpoints
  rules::YoutubeRestriction youtube = rules::YoutubeRestriction::strict;
  bool refuses_relays = false;  ///< the group has bypass: block
};

struct NameServerPlan {
  /// Devices in no group's network: the group that has 0.0.0.0/0 or ::/0, else the fallback.
  NameServerView others;
  std::vector<NameServerView> groups;   ///< those with networks, the fallback's too
  std::vector<std::string> by_sign_in;  ///< ids of groups without a network: a name server cannot tell them
};
[[nodiscard]] NameServerPlan name_server_plan(const rules::PolicySpec& policy);

/// The addresses of a safe endpoint, or none where they could not be learned.
using AddressesOf = std::function<std::vector<names::IpAddress>(std::string_view endpoint)>;

struct NameServerConfiguration {
  std::string text;
  std::vector<std::string> missing;  ///< endpoints without an address: their search engines are answered "no such name"
};

/// For unbound 1.17 and later: a view for each group, by its networks. A name that its safe endpoint lies under
/// ("bing.com") is led there by addresses, so that the names beside the endpoint stay what they are.
[[nodiscard]] NameServerConfiguration unbound_configuration(const NameServerPlan& plan,
                                                            const AddressesOf& addresses_of);
/// The module of unbound that answers requests for HTTPS and SVCB records (RFC 9460) empty.
[[nodiscard]] std::string_view unbound_module() noexcept;

/// For dnsmasq 2.90 and later. It has one answer for every device, so the strictest of all groups, and it leads a name
/// only to names whose addresses it knows itself.
[[nodiscard]] NameServerConfiguration dnsmasq_configuration(const NameServerPlan& plan,
                                                            const AddressesOf& addresses_of);

}  // namespace schoolgate::app
