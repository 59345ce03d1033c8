#include "proxy/flow/allowances.h"

#include <functional>

namespace schoolgate::flow {

std::string Allowances::key_of(const rules::Subject& subject) {
  if (!subject.user.empty()) return "person " + std::string(subject.user);
  return "device " + subject.address.text();
}

Allowances::Moment Allowances::local(TimePoint now) const noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const std::chrono::local_seconds wall =
      clock_ ? clock_->local(now) : std::chrono::local_seconds(seconds.time_since_epoch());
  const auto day = std::chrono::floor<std::chrono::days>(wall);
  return {day, std::size_t(std::chrono::duration_cast<std::chrono::minutes>(wall - day).count())};
}

std::string Allowances::key(std::string_view who, std::string_view category) {
  std::string key(who);
  key += '\n';
  key += category;
  return key;
}

Allowances::Stripe& Allowances::stripe(const std::string& key) const noexcept {
  return stripes_[std::hash<std::string>{}(key) % kStripes];
}

Allowances::Used* Allowances::entry(Stripe& stripe, const std::string& key, std::chrono::local_days day) {
  auto found = stripe.used.find(key);
  if (found == stripe.used.end()) {
    if (stripe.used.size() >= kMost) std::erase_if(stripe.used, [&](const auto& use) { return use.second.day != day; });
    if (stripe.used.size() >= kMost) return nullptr;
    found = stripe.used.emplace(key, Used{.day = day, .counted = {}}).first;
  }
  if (found->second.day != day) found->second = Used{.day = day, .counted = {}};
  return &found->second;
}

bool Allowances::spend(std::string_view who, std::string_view category, std::uint32_t minutes, TimePoint now) {
  const Moment moment = local(now);
  const std::string name = key(who, category);
  Stripe& home = stripe(name);
  const std::scoped_lock lock(home.mutex);
  Used* const used = entry(home, name, moment.day);
  if (!used) return false;  // no room to count is no reason to allow
  if (used->counted.test(moment.minute)) return true;
  if (used->minutes >= minutes) return false;
  used->counted.set(moment.minute);
  ++used->minutes;
  return true;
}

bool Allowances::any_left(std::string_view who, std::string_view category, std::uint32_t minutes, TimePoint now) const {
  const Moment moment = local(now);
  const std::string name = key(who, category);
  const Stripe& home = stripe(name);
  const std::scoped_lock lock(home.mutex);
  const auto found = home.used.find(name);
  if (found == home.used.end() || found->second.day != moment.day) return minutes != 0;
  return found->second.minutes < minutes || found->second.counted.test(moment.minute);
}

std::uint32_t Allowances::used(std::string_view who, std::string_view category, TimePoint now) const {
  const std::string name = key(who, category);
  const Stripe& home = stripe(name);
  const std::scoped_lock lock(home.mutex);
  const auto found = home.used.find(name);
  return found == home.used.end() || found->second.day != local(now).day ? 0 : found->second.minutes;
}

std::vector<AllowanceUse> Allowances::snapshot(TimePoint now) const {
  const auto today = local(now).day;
  std::vector<AllowanceUse> uses;
  for (const Stripe& each : stripes_) {
    const std::scoped_lock lock(each.mutex);
    for (const auto& [name, used] : each.used) {
      if (used.day != today || used.minutes == 0) continue;
      const std::size_t end = name.rfind('\n');
      uses.push_back({name.substr(0, end), name.substr(end + 1), used.day, used.minutes});
    }
  }
  return uses;
}

void Allowances::restore(std::span<const AllowanceUse> uses, TimePoint now) {
  const auto today = local(now).day;
  for (const AllowanceUse& use : uses) {
    if (use.day != today) continue;
    const std::string name = key(use.who, use.category);
    Stripe& home = stripe(name);
    const std::scoped_lock lock(home.mutex);
    if (Used* const used = entry(home, name, today)) used->minutes += use.minutes;
  }
}

}  // namespace schoolgate::flow
