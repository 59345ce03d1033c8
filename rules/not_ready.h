// A group that waits: a list behind one of its blocked categories has never been there (`first_start: wait`).
//
// Until the list has come the group has what a group with `unlisted: block` has: sites of help and what the school's
// own rules allow; illegal content and emergencies are refused as ever. A category that the group blocks at every hour
// is asked still, so that an attempt on what other lists name is recorded; no other is. The policy says so itself, so
// the judge, explain and the self-test need no case of their own.
#pragma once

#include <string>
#include <vector>

#include "rules/policy_spec.h"
#include "rules/snapshot.h"

namespace schoolgate::rules {

/// Rewrites `group`: it waits for `lists`, which are not empty. Where explain names the place of the group's settings
/// it then names first_start and the lists.
void close_until_ready(GroupSpec& group, const std::vector<std::string>& lists);

/// True when `verdict` refuses because the group waits: that is no attempt at what is not for the pupil.
[[nodiscard]] bool is_not_ready(const PolicySnapshot& policy, GroupIndex group, const Verdict& verdict) noexcept;

}  // namespace schoolgate::rules
