// What is done for a time and taken back by itself: emergency blocks, supervised sessions, exams.
//
// A measure is opened by a person at the desk or on the command line, is kept in the state folder (casework/measures.h)
// and becomes part of the policy when that is compiled: apply_measures() writes it into a PolicySpec. So explain, the
// records and the judge know it as they know any rule, and it never outranks what the precedence puts above it.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
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
  std::string by, why;                     ///< the account that opened it, and the reason given
  TimePoint from, until;
};
[[nodiscard]] std::string_view to_string(Measure::Kind kind) noexcept;
[[nodiscard]] std::optional<Measure::Kind> measure_kind_from(std::string_view text) noexcept;

/// The longest that one may be asked for; an emergency may stay open, until TimePoint::max().
inline constexpr std::chrono::hours kLongestSupervised{1};
inline constexpr std::chrono::hours kLongestExam{12};

/// Whether it may be opened under this policy; asked before it is kept. Fault client: what is wrong with it and what to
/// write instead.
[[nodiscard]] Result<void> check_measure(const Measure& measure, const PolicySpec& spec);

/// The sites of a list of rules/*.yaml by name. Fault client when there is none, with the nearest name.
[[nodiscard]] Result<std::vector<std::string>> sites_of_list(const PolicySpec& spec, std::string_view name);

/// "measure emergency 7GQ4-2MXKD9 by j.smith": what records and explain give as the source of its rules.
[[nodiscard]] std::string cited_as(const Measure& measure);

/// Writes those that are in force at `now` into `spec`. What cannot be (a group that is gone, a site that is none) is
/// left out, and a warning: a measure never keeps a policy from compiling.
[[nodiscard]] Problems apply_measures(PolicySpec& spec, std::span<const Measure> measures, TimePoint now);
/// The next moment after `now` at which one begins or ends: when the policy has to be compiled again. Rules of a
/// measure end by themselves at that moment, so being late opens and closes nothing.
[[nodiscard]] std::optional<TimePoint> next_change(std::span<const Measure> measures, TimePoint now);

}  // namespace schoolgate::rules
