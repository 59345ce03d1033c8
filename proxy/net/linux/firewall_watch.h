// Is the printed firewall in the kernel, whole, and made from this configuration? Asked over netlink, nothing is
// changed.
//
// What is known of a loaded ruleset stands in it: the name of the empty chain that firewall_rules() adds tells from
// which configuration it was made and how many rules each chain had. Needs CAP_NET_ADMIN. No thread of its own; one
// thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/error.h"

namespace schoolgate::net {

enum class FirewallState : std::uint8_t {
  off,       ///< nothing is diverted to this gateway: it has no transparent listener
  in_force,  ///< loaded, whole, and made from the configuration in force
  missing,   ///< no such table
  changed,   ///< rules were added, taken out or replaced, or it was made from another configuration
  unknown,   ///< the kernel did not say
};
inline constexpr std::size_t kFirewallStates = 5;
/// "off", "in-force", "missing", "changed", "unknown".
[[nodiscard]] std::string_view to_string(FirewallState state) noexcept;

struct FirewallReport {
  FirewallState state = FirewallState::off;
  std::string why;   ///< what is wrong; empty when nothing is
  std::string next;  ///< what to do about it
};

/// Rules of each chain, by "inet/NAME" or "bridge/NAME".
using RulesOfChains = std::map<std::string, std::size_t>;
/// Twelve hex digits that change when a chain comes, goes, or has another number of rules.
[[nodiscard]] std::string shape_of(const RulesOfChains& chains);
/// The name of the chain that says what a ruleset is: "made_FROM_SHAPE".
[[nodiscard]] std::string marker_chain(std::string_view made_from, std::string_view shape);

/// The tables named schoolgate, as the kernel holds them.
struct LoadedFirewall {
  std::uint64_t table = 0;  ///< the handle of table inet; another one after each load. 0: there is none
  RulesOfChains chains;     ///< without the marker
  std::string made_from, shape;
  std::string rules;  ///< a digest of what the rules say, counters apart: comparable for one handle only
};

/// The answers of one dump of tables, chains or rules, as far as `bytes` goes. False at the end of the dump and at what
/// is no message; then `failed` is the kernel's error or 0. Pure: what the fuzzer feeds.
class TableReader {
 public:
  [[nodiscard]] bool read(std::span<const std::uint8_t> bytes);
  [[nodiscard]] int failed() const noexcept { return failed_; }
  [[nodiscard]] LoadedFirewall take();

 private:
  void table(std::span<const std::uint8_t> attributes, std::uint8_t family);
  void chain(std::span<const std::uint8_t> attributes, std::uint8_t family);
  void rule(std::span<const std::uint8_t> attributes, std::uint8_t family);

  LoadedFirewall loaded_;
  Sha256Stream rules_;
  int failed_ = 0;
};

/// Asks the kernel. Fault host: not allowed (CAP_NET_ADMIN), or no nftables.
[[nodiscard]] Result<LoadedFirewall> read_firewall();

class FirewallWatch {
 public:
  /// Looks, and compares with the configuration whose firewall has `made_from`.
  [[nodiscard]] FirewallReport look(std::string_view made_from);
  /// The same for an answer that was read before.
  [[nodiscard]] FirewallReport judge(const LoadedFirewall& loaded, std::string_view made_from);

 private:
  std::uint64_t table_ = 0;  ///< of which rules_ is known
  std::string rules_;
};

}  // namespace schoolgate::net
