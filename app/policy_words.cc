#include "app/policy_words.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace schoolgate::app {
namespace {

using rules::Action;

constexpr std::array<std::string_view, 7> kWeekdays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

std::string_view verb(Action action) {
  switch (action) {
    case Action::block: return "closed";
    case Action::warn: return "asked to think first";
    case Action::monitor: return "open and noted";
    case Action::allow: break;
  }
  return "open";
}

std::string clock_text(int minute) {
  const auto two = [](int number) { return std::string(1, char('0' + number / 10)) + char('0' + number % 10); };
  return two(minute / 60 % 24) + ':' + two(minute % 60);
}

// "Mon to Fri" where the days follow each other, else "Mon, Wed".
std::string days_text(const std::array<bool, 7>& days) {
  const auto count = std::ranges::count(days, true);
  if (count == 0) return "never";
  const std::ptrdiff_t first = std::ranges::find(days, true) - days.begin();
  std::ptrdiff_t last = std::ssize(days) - 1;
  while (!days[std::size_t(last)]) --last;
  if (count > 2 && last - first + 1 == count)
    return std::string(kWeekdays[std::size_t(first)]) + " to " + std::string(kWeekdays[std::size_t(last)]);
  std::string out;
  for (std::size_t day = 0; day < days.size(); ++day)
    if (days[day]) (out += out.empty() ? "" : ", ") += kWeekdays[day];
  return out;
}

class PolicyWords {
 public:
  explicit PolicyWords(const rules::CategoryTable& categories) : categories_(categories) {}

  std::string of_group(const rules::GroupSpec& group) const {
    std::string out = by_action(group.categories);
    if (group.unlisted == Action::block)
      out += out.empty() ? "Only sites allowed by name." : "Of all others only sites allowed by name.";
    else
      out += out.empty() ? "All is open." : "All else is open.";
    if (group.safe_search) out += " SafeSearch is on.";
    for (const rules::ScheduleSpec& schedule : group.schedules) {
      out += " " + days_text(schedule.days) + ", " + clock_text(schedule.from_minute) + " to " +
             clock_text(schedule.to_minute) + ": ";
      std::string changes;
      for (const rules::CategoryActionSpec& change : schedule.categories)
        (changes += changes.empty() ? "" : ", ").append(title(change.category)).append(" ").append(verb(change.action));
      if (schedule.unlisted)
        (changes += changes.empty() ? "" : ", ").append("all else ").append(verb(*schedule.unlisted));
      out += changes + ".";
    }
    for (const rules::AllowanceSpec& allowance : group.allowances)
      out += " " + title(allowance.category) + ": " + std::to_string(allowance.minutes) + " minutes a day.";
    return out;
  }

 private:
  std::string title(const std::string& id) const {
    const rules::CategoryId found = categories_.find(id);
    return found == rules::kNoCategory ? id : categories_[found].title;
  }

  std::string by_action(const std::vector<rules::CategoryActionSpec>& actions) const {
    std::string out;
    for (const Action action : {Action::block, Action::warn, Action::monitor}) {
      std::string names;
      for (const rules::CategoryActionSpec& one : actions)
        if (one.action == action) (names += names.empty() ? "" : ", ") += title(one.category);
      if (names.empty()) continue;
      std::string head(verb(action));
      head.front() = char(head.front() - 'a' + 'A');
      out += head + ": " + names + ". ";
    }
    return out;
  }

  const rules::CategoryTable& categories_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> policy_in_words(const rules::PolicySpec& policy,
                                                                 const rules::CategoryTable& categories) {
  const PolicyWords words(categories);
  std::vector<std::pair<std::string, std::string>> out;
  for (const rules::GroupSpec& group : policy.groups)
    out.emplace_back(group.title.empty() ? group.id : group.title, words.of_group(group));
  return out;
}

}  // namespace schoolgate::app
