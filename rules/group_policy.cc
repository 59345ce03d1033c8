#include "rules/group_policy.h"

#include <algorithm>
#include <chrono>

namespace schoolgate::rules {
namespace {

using std::chrono::local_days;
using std::chrono::minutes;

std::string with_commas(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) (text += text.empty() ? "" : ",") += item;
  return text;
}

}  // namespace

bool Window::open_at(const SiteClock& clock, TimePoint now) const noexcept {
  const local_days today = std::chrono::floor<std::chrono::days>(clock.local(now));
  // A window lasts at most a day, so the one that is open started today or yesterday.
  for (const local_days start : {today, today - std::chrono::days(1)}) {
    if (!days[std::chrono::weekday(start).iso_encoding() - 1]) continue;
    const auto opens = start + minutes(from_minute);
    const auto closes = start + minutes(to_minute) + std::chrono::days(to_minute <= from_minute ? 1 : 0);
    if (clock.first_instant(opens) <= now && now < clock.last_instant(closes)) return true;
  }
  return false;
}

GroupPolicy::GroupPolicy(const GroupSpec& spec, const CategoryTable& categories)
    : id(spec.id),
      title(spec.title),
      at(spec.at),
      safe_search(spec.safe_search),
      youtube(spec.youtube),
      search_terms(spec.search_terms.value_or(spec.safe_search) && spec.certificate),
      certificate(spec.certificate),
      tenants(spec.tenants),
      google_tenants(with_commas(spec.tenants.google)),
      microsoft_tenants(with_commas(spec.tenants.microsoft)),
      inspect_unlisted(spec.inspect_unlisted),
      settings_(categories.all().size()),
      inspect_(categories.all().size()),
      unlisted_(spec.unlisted) {
  if (spec.downloads) downloads.emplace(*spec.downloads);
  if (spec.content) content.emplace(*spec.content, categories);
  for (const CategoryActionSpec& item : spec.categories)
    if (const CategoryId category = categories.find(item.category); category != kNoCategory)
      settings_[category] = {item.action, true, item.at};
  for (const std::string& name : spec.inspect)
    if (const CategoryId category = categories.find(name); category != kNoCategory) inspect_[category] = true;
  for (const AllowanceSpec& item : spec.allowances)
    if (const CategoryId category = categories.find(item.category); category != kNoCategory) {
      allowances_.resize(categories.all().size());
      allowances_[category] = {static_cast<std::uint16_t>(item.minutes), item.at};
    }
  for (const ScheduleSpec& item : spec.schedules) {
    Schedule schedule{{item.days, item.from_minute, item.to_minute}, {}, item.unlisted};
    for (const CategoryActionSpec& change : item.categories)
      if (const CategoryId category = categories.find(change.category); category != kNoCategory)
        schedule.categories.emplace_back(category, Setting{change.action, true, change.at});
    schedules_.push_back(std::move(schedule));
  }
}

bool GroupPolicy::ever_walled_in() const noexcept {
  return unlisted_ == Action::block ||
         std::ranges::any_of(schedules_, [](const Schedule& schedule) { return schedule.unlisted == Action::block; });
}

GroupPolicy::Open GroupPolicy::open_at(const SiteClock& clock, TimePoint now) const noexcept {
  Open open = 0;
  for (std::size_t i = 0; i < schedules_.size() && i < kMaxSchedules; ++i)
    if (schedules_[i].window.open_at(clock, now)) open |= Open{1} << i;
  return open;
}

CategorySetting GroupPolicy::setting(CategoryId category, Open open) const noexcept {
  const Setting* found = nullptr;
  for (std::size_t i = 0; i < schedules_.size(); ++i) {
    if ((open >> i & 1) == 0) continue;
    for (const auto& [changed, setting] : schedules_[i].categories)
      if (changed == category && (found == nullptr || setting.action > found->action)) found = &setting;
  }
  if (found == nullptr) found = &settings_[category];
  return {found->action, found->named, &found->at};
}

Action GroupPolicy::strictest(CategoryId category) const noexcept {
  Action strictest = settings_[category].named ? settings_[category].action : Action::allow;
  for (const Schedule& schedule : schedules_)
    for (const auto& [changed, setting] : schedule.categories)
      if (changed == category) strictest = std::max(strictest, setting.action);
  return strictest;
}

Action GroupPolicy::unlisted(Open open) const noexcept {
  std::optional<Action> found;
  for (std::size_t i = 0; i < schedules_.size(); ++i)
    if ((open >> i & 1) != 0)
      if (const std::optional<Action> changed = schedules_[i].unlisted)
        found = found ? std::max(*found, *changed) : *changed;
  return found.value_or(unlisted_);
}

}  // namespace schoolgate::rules
