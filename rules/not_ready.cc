#include "rules/not_ready.h"

#include <algorithm>

#include "rules/compiled_policy.h"

namespace schoolgate::rules {
namespace {

// Where a file and a line stand for every other group.
constexpr std::string_view kPlace = "first_start: wait, for ";

bool is_in_a_schedule(const GroupSpec& group, const std::string& category) {
  return std::ranges::any_of(group.schedules, [&](const ScheduleSpec& schedule) {
    return std::ranges::any_of(schedule.categories,
                               [&](const CategoryActionSpec& one) { return one.category == category; });
  });
}

}  // namespace

void close_until_ready(GroupSpec& group, const std::vector<std::string>& lists) {
  std::string names;
  for (const std::string& list : lists) names += (names.empty() ? "" : ", ") + list;
  group.at = {.file = std::string(kPlace) + (lists.size() == 1 ? "the list " : "the lists ") + names};
  group.unlisted = Action::block;
  // What is blocked at every hour stays an attempt, recorded under its category, as far as data is there.
  std::erase_if(group.categories, [&](const CategoryActionSpec& one) {
    return one.action != Action::block || is_in_a_schedule(group, one.category);
  });
  group.schedules.clear();
  group.allowances.clear();
}

bool is_not_ready(const PolicySnapshot& policy, GroupIndex group, const Verdict& verdict) noexcept {
  const CompiledPolicy& compiled = policy.compiled();
  const SourcePosition& at = compiled.groups[compiled.known(group)].at;
  return verdict.action == Action::block && verdict.reason.tier == Tier::unlisted && at.line == 0 &&
         at.file.starts_with(kPlace);
}

}  // namespace schoolgate::rules
