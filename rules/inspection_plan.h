// What a policy would open, laid out for people: each reason with what asks for it, and everything that is never
// opened.
//
// Slow path; pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/snapshot.h"

namespace schoolgate::rules {

/// One thing that asks for connections to be opened.
struct PlannedOpening {
  InspectReason reason = InspectReason::none;
  /// Which hosts: ".example.org" is that name and everything under it. Empty where they are not known one by one (a
  /// list) or where it is every host (`always`, and a pattern that names none).
  std::vector<std::string> hosts;
  std::string rule, source;    ///< a rule of the school, as Citation names it; a list's source
  std::string list, category;  ///< a list
  std::string name;            ///< of a search engine
  std::uint64_t entries = 0;   ///< of a list: about parts of hosts, or names of the category
  bool sealed = false;         ///< the hosts are withheld
  [[nodiscard]] bool every_host() const noexcept {
    return hosts.empty() &&
           (reason == InspectReason::always || reason == InspectReason::pattern || reason == InspectReason::unlisted);
  }
};

/// For this group at this time. Empty when inspection is off.
[[nodiscard]] std::vector<PlannedOpening> inspection_plan(const PolicySnapshot& snapshot, GroupIndex group,
                                                          TimePoint now);

struct NeverOpened {
  std::vector<std::string> sites, categories;                          ///< of the school; banking and health with them
  std::vector<std::pair<std::string_view, std::string_view>> shipped;  ///< site and why
};
[[nodiscard]] NeverOpened never_opened(const PolicySnapshot& snapshot);

}  // namespace schoolgate::rules
