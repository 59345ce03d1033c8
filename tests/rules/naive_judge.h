// The judge again, as plainly as it can be said: loops over the policy as people wrote it, no index, no compilation,
// and no code of rules/ that decides. What the compiled snapshot is compared with.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "rules/measures.h"
#include "rules/policy_spec.h"
#include "rules/presence.h"
#include "rules/verdict.h"

namespace schoolgate::rules::test {

/// An entry of list number `list`: a host (and everything under it), or a path below such hosts.
struct ListEntry {
  int list = 0;
  std::string category;
  std::string host, path;  ///< path empty for a host entry
};

struct NaiveVerdict {
  Action action = Action::block;
  Tier tier = Tier::unlisted;
  std::string category;
  int rule = -1;      ///< index into spec.rules
  int allowance = 0;  ///< minutes a day that it counts against
  std::string leads;  ///< the category that records and alerts name instead; empty when it is `category`
  bool operator==(const NaiveVerdict&) const = default;
};

/// Where somebody is, and which page asks.
struct NaiveWhere {
  names::IpAddress address;
  bool a_page = false;
  std::string page;  ///< its host, when told
};

/// The group that a person and a device at `address` are in.
[[nodiscard]] std::string naive_group(const PolicySpec& spec, const names::IpAddress& address,
                                      const Presence* presence);

/// The policy while these measures are in force: their rules after the school's own.
[[nodiscard]] PolicySpec naive_with_measures(PolicySpec spec, const std::vector<Measure>& measures, TimePoint now);

/// `searched`: what the address is a search for, in plain lower-case words with single blanks, or empty.
[[nodiscard]] NaiveVerdict naive_judge(const PolicySpec& spec, const std::vector<ListEntry>& entries,
                                       const std::string& group, const names::Url& url, TimePoint now,
                                       const std::string& searched = {}, const NaiveWhere& where = {});

/// An archive's copy of `inner` (`fetched`), or an address that only mentions it.
[[nodiscard]] NaiveVerdict naive_judge_both(const PolicySpec& spec, const std::vector<ListEntry>& entries,
                                            const std::string& group, const names::Url& outer, const names::Url& inner,
                                            bool fetched, TimePoint now, const NaiveWhere& where = {});

}  // namespace schoolgate::rules::test
