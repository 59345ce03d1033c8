// The precedence of contract section 4, in one order over everything that covers a request. Internal to this room.
#pragma once

#include <vector>

#include "rules/compiled_policy.h"

namespace schoolgate::rules {

/// One rule or list entry that covers the request, with what it asks for.
struct Finding {
  Action action = Action::block;
  Reason reason;
  Specificity closeness;  ///< of the school's own rules; lists have none
  int urgency = 0;        ///< of the category
  int lists = 0;          ///< of a list's entry in Tier::category: how many lists name its category
  bool named = true;      ///< false: an entry of a category about which the group says nothing
};

/// True when `a` decides before `b`.
[[nodiscard]] bool outranks(const Finding& a, const Finding& b) noexcept;

[[nodiscard]] Verdict judge(const CompiledPolicy& policy, const Subject& subject, const Request& request, Stage stage,
                            TimePoint now) noexcept;

/// Why the connection to this host is opened or not; asked by its name alone.
[[nodiscard]] Inspection inspection_of(const CompiledPolicy& policy, const Subject& subject, const Request& by_name,
                                       TimePoint now) noexcept;

/// Everything that covers the request for this subject at this time, the one that decides first.
[[nodiscard]] std::vector<Finding> all_findings(const CompiledPolicy& policy, const Subject& subject,
                                                const Request& request, Stage stage, TimePoint now);

}  // namespace schoolgate::rules
