#include "breaches/folding.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace schoolgate::breaches {
namespace {

constexpr std::size_t kMostAddresses = 4096;  // counts no further
constexpr std::size_t kMostDevices = 10'000;

bool is_below(std::string_view site, std::string_view entry) noexcept {
  if (entry.empty() || !site.ends_with(entry)) return false;
  return site.size() == entry.size() || site[site.size() - entry.size() - 1] == '.';
}

std::uint64_t mark_of(std::string_view address) { return std::hash<std::string_view>{}(address); }

}  // namespace

std::string folding_key(const Breach& breach) {
  const rules::Citation& reason = breach.reason;
  const std::string_view initiated = breach.initiated == Initiated::user   ? "user"
                                     : breach.initiated == Initiated::page ? "page"
                                                                           : "";
  std::string key;
  for (const std::string_view part :
       {std::string_view(breach.device), breach.person ? std::string_view(*breach.person) : std::string_view(),
        std::string_view(breach.group), std::string_view(breach.confidence), std::string_view(breach.action),
        std::string_view(reason.tier), std::string_view(reason.category), std::string_view(reason.list),
        std::string_view(reason.rule), std::string_view(reason.entry), std::string_view(breach.search), initiated})
    key.append(part).append(1, '\n');
  if (!is_below(breach.site, reason.entry)) key += breach.site;
  return key;
}

bool Folding::take_token(const std::string& device, Steady::time_point now) {
  if (devices_.size() >= kMostDevices)
    std::erase_if(devices_, [&](const auto& one) { return now - one.second.filled >= kMinute; });
  const auto [found, is_new] = devices_.try_emplace(device);
  Tokens& tokens = found->second;
  if (is_new) tokens.filled = now;
  const double seconds = std::chrono::duration<double>(now - tokens.filled).count();
  tokens.left = std::min(kRecordsAtOnce, tokens.left + seconds * kRecordsASecond);
  tokens.filled = now;
  if (tokens.left < 1) return false;
  tokens.left -= 1;
  return true;
}

void Folding::begin(std::string key, const Breach& breach, Steady::time_point now) {
  minutes_.insert_or_assign(
      std::move(key),
      Minute{.first = breach, .last = {}, .attempts = 0, .addresses = {}, .until = now + kMinute, .changed = false});
}

bool Folding::count(const std::string& key, const Breach& breach, Steady::time_point now) {
  const auto found = minutes_.find(key);
  // What has ended is taken by ended(); until then it goes on.
  if (found == minutes_.end() || (now >= found->second.until && found->second.attempts == 0)) return false;
  Minute& minute = found->second;
  const Uuid id = minute.attempts == 0 ? breach.id : minute.last.id;
  minute.last = breach;
  minute.last.id = id;
  ++minute.attempts;
  if (minute.addresses.size() < kMostAddresses) minute.addresses.insert(mark_of(breach.url));
  minute.changed = true;
  return true;
}

Folding::Turn Folding::turn_of(const Breach& breach, Steady::time_point now) {
  std::string key = folding_key(breach);
  if (count(key, breach, now)) return Turn::fold;
  if (!take_token(breach.device, now)) return Turn::wait;
  begin(std::move(key), breach, now);
  return Turn::write;
}

Folding::Turn Folding::turn_in_flood(const Breach& breach, Steady::time_point now) {
  std::string key = "flood\n" + breach.device + '\n' + (breach.person ? *breach.person : std::string()) + '\n' +
                    breach.action + '\n' + breach.reason.category;
  if (count(key, breach, now)) return Turn::fold;
  begin(std::move(key), breach, now);
  return Turn::write;
}

// A single attempt is told as it was; several as the first of their entry, with the moment of the last.
Breach Folding::sum_of(const Minute& minute) {
  if (minute.attempts == 1) return minute.last;
  Breach sum = minute.first;
  sum.id = minute.last.id;
  sum.time = std::max(minute.first.time, minute.last.time);
  sum.attempts = minute.attempts;
  sum.addresses = std::max<std::uint64_t>(minute.addresses.size(), 1);
  return sum;
}

std::vector<Breach> Folding::changed() {
  std::vector<Breach> sums;
  for (auto& [key, minute] : minutes_)
    if (std::exchange(minute.changed, false)) sums.push_back(sum_of(minute));
  return sums;
}

std::vector<Breach> Folding::ended(Steady::time_point now) {
  std::vector<Breach> sums;
  std::erase_if(minutes_, [&](const auto& one) {
    if (now < one.second.until) return false;
    if (one.second.attempts > 0) sums.push_back(sum_of(one.second));
    return true;
  });
  return sums;
}

void Folding::take_off(const std::string& id, std::uint64_t attempts) {
  for (auto& [key, minute] : minutes_) {
    if (minute.attempts == 0 || minute.last.id.text() != id) continue;
    minute.attempts -= std::min(minute.attempts, attempts);
    minute.changed = minute.attempts > 0;
    minute.last.id = Uuid::v7(minute.last.time);
  }
}

}  // namespace schoolgate::breaches
