// The self-test as a device of every group: for each group and each category that it blocks or warns of, one listed
// name, tried at every entrance that the gateway has.
//
// A connection from this machine stands in for a device of the group (flow::Selftest), so groups whose networks lie
// elsewhere, and those that are known by sign-in only, are tried as well. What the gateway would let through it refuses
// as unlisted: no probe leaves. Nothing illegal or sealed is ever asked for, not even here. Blocking, on the calling
// thread and a few more.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "app/load_policy.h"
#include "app/probe_wire.h"
#include "base/clock.h"
#include "proxy/flow/flow_settings.h"

namespace schoolgate::app {

/// Where the probes go.
enum class ProbeWay : std::uint8_t {
  listeners,  ///< to the gateway's own listeners, from this machine
  /// To addresses beyond the gateway, from a namespace whose only wire is one of the firewall's inside interfaces: what
  /// comes back went through the kernel's ruleset. See packaging/firewall-probe, which makes the namespace.
  firewall,
};

/// The device's end of that wire. Link-local (RFC 3927) and unique local (RFC 4193) addresses of no school's network.
inline constexpr std::string_view kProbeDevice4 = "169.254.77.2", kProbeDevice6 = "fd73:6367:7072::2";

struct GroupProbe {
  std::string group, category;
  std::string list;  ///< that names the host
  std::string host;
  rules::Action expected = rules::Action::block;
  flow::Entrance entrance = flow::Entrance::explicit_proxy;
  net::Endpoint at;  ///< of the listener (on all addresses: loopback of its family), or beyond the gateway
  ProbeWay way = ProbeWay::listeners;

  /// Filled when it was sent: "block" or "warn" from the breach record, "would pass", "no record", or why it was not
  /// sent.
  std::string found;
  bool as_expected = false;
};

/// What the policy promises and no probe could be made for.
struct NotTried {
  std::string group, category, why;
};

struct GroupProbes {
  std::vector<GroupProbe> probes;
  std::vector<NotTried> not_tried;
};

/// "explicit proxy, IPv4", "transparent HTTP, IPv6", "transparent TLS, IPv4, through the firewall".
[[nodiscard]] std::string way_of(const GroupProbe& probe);

/// Reads sources of lists in the state folder.
[[nodiscard]] GroupProbes plan_group_probes(const LoadedPolicy& loaded, TimePoint now,
                                            ProbeWay way = ProbeWay::listeners);

/// Tells the gateway where the next connection comes from, and which group's device it stands in for.
using AnnounceAs = std::function<OrWhy<void>(const net::Endpoint& from, std::string_view group)>;

/// Fills in `found` and `as_expected`. Fault host: the breach log cannot be read.
[[nodiscard]] Result<void> send_group_probes(std::vector<GroupProbe>& probes, const LoadedPolicy& loaded,
                                             const AnnounceAs& announce);

}  // namespace schoolgate::app
