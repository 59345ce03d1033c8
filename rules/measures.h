// What is done for a time and taken back by itself: emergency blocks, supervised sessions, exams.
//
// A measure is opened by a person at the desk or on the command line, is kept in the state folder (breaches/measures.h)
// and becomes part of the policy when that is compiled: apply_measures() writes it into a PolicySpec. So explain, the
// records and the judge know it as they know any rule, and it never outranks what the precedence puts above it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/problem.h"
#include "names/ip_address.h"
#include "rules/policy_spec.h"

namespace schoolgate::rules {

struct Measure {
  enum class Kind : std::uint8_t {
    emergency,   ///< `sites` are blocked for every group at once
    supervised,  ///< `sites` are opened for `groups`, in `networks` only where there are any; at most an hour
    exam,        ///< `groups` reach nothing but `sites`
  };
  Kind kind = Kind::emergency;
  std::string id;                          ///< UUIDv7
  std::vector<std::string> groups;         ///< ids of groups; empty for emergency
  std::vector<names::IpNetwork> networks;  ///< a room; empty: wherever the group is
  std::vector<std::string> sites;          ///< "bbc.example" or "bbc.example/bitesize", as `site:` and `url:` take them
  std::string list;                        ///< the name of the list that `sites` came from; may be empty
  std::string by, why;                     ///< who opened it, and the reason given
  TimePoint from, until;
};
[[nodiscard]] std::string_view to_string(Measure::Kind kind) noexcept;
[[nodiscard]] std::optional<Measure::Kind> measure_kind_from(std::string_view text) noexcept;

/// Writes those that are in force at `now` into `spec`; what cannot be (a group that is gone) is a warning. The next
/// moment at which one begins or ends is when the policy has to be compiled again.
[[nodiscard]] Problems apply_measures(PolicySpec& spec, std::span<const Measure> measures, TimePoint now);
[[nodiscard]] std::optional<TimePoint> next_change(std::span<const Measure> measures, TimePoint now);

}  // namespace schoolgate::rules
