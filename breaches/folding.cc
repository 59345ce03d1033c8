#include "breaches/folding.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "breaches/record.h"

namespace schoolgate::breaches {
namespace {

constexpr std::size_t kMostAddresses = 4096;  // counts no further
constexpr std::size_t kMostDevices = 20'000;

std::uint64_t address_mark(std::string_view address) { return std::hash<std::string_view>{}(address); }

// Attempts from before and after a correction of the clock are not of one minute, though they came within one.
std::string wall_offset(const Breach& breach, Folding::Steady::time_point now) {
  constexpr std::chrono::minutes kCorrection{10};
  const auto offset = breach.time.time_since_epoch() -
                      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()) + kCorrection / 2;
  return std::to_string(std::chrono::floor<std::chrono::milliseconds>(offset) / kCorrection) + '\n';
}

// Of what is beyond a device's records: counted by what it was about, so that another theme or answer stays apart.
std::string category_key(const Breach& breach) {
  return "flood\n" + machine_of(breach) + '\n' + (breach.person ? *breach.person : std::string()) + '\n' +
         breach.group + '\n' + breach.action + '\n' + breach.reason.tier + '\n' + breach.reason.category;
}

// Of withheld ones each address for itself: it is kept for a report, and its record has the hash of it.
std::string flood_key(const Breach& breach) {
  return is_withheld(breach.reason) ? category_key(breach) + '\n' + breach.url : category_key(breach);
}

}  // namespace

const std::string& machine_of(const Breach& breach) noexcept {
  return breach.machine.empty() ? breach.device : breach.machine;
}

bool is_at_or_below(std::string_view site, std::string_view entry) noexcept {
  if (entry.empty() || !site.ends_with(entry)) return false;
  return site.size() == entry.size() || site[site.size() - entry.size() - 1] == '.';
}

std::string folding_key(const Breach& breach) {
  const rules::Citation& reason = breach.reason;
  const std::string_view initiated = breach.initiated == Initiated::user   ? "user"
                                     : breach.initiated == Initiated::page ? "page"
                                                                           : "";
  std::string key;
  for (const std::string_view part :
       {std::string_view(machine_of(breach)), breach.person ? std::string_view(*breach.person) : std::string_view(),
        std::string_view(breach.group), std::string_view(breach.confidence), std::string_view(breach.action),
        std::string_view(reason.tier), std::string_view(reason.category), std::string_view(reason.list),
        std::string_view(reason.rule), std::string_view(reason.entry), std::string_view(reason.source),
        std::string_view(reason.policy_version), std::string_view(breach.method), std::string_view(breach.stage),
        std::string_view(breach.search), initiated})
    key.append(part).append(1, '\n');
  if (is_withheld(reason))
    key += breach.url;
  else if (!is_at_or_below(breach.site, reason.entry))
    key += breach.site;
  return key;
}

// Null when too many devices are seen at once: then the device waits, as one that has had its records.
Folding::Tokens* Folding::tokens_of(const std::string& key, double most, double a_second, Steady::time_point now) {
  if (devices_.size() >= kMostDevices && now - pruned_ >= std::chrono::seconds(1)) {
    std::erase_if(devices_, [&](const auto& one) { return now - one.second.filled >= kMinute; });
    pruned_ = now;
  }
  const auto known = devices_.find(key);
  if (known == devices_.end() && devices_.size() >= kMostDevices) return nullptr;
  Tokens& tokens = known != devices_.end() ? known->second : devices_[key];
  if (known == devices_.end()) tokens = {.left = most, .filled = now};
  const double seconds = std::chrono::duration<double>(now - tokens.filled).count();
  tokens.left = std::min(most, tokens.left + seconds * a_second);
  tokens.filled = now;
  return &tokens;
}

bool Folding::take_token(const Breach& breach, Steady::time_point now) {
  Tokens* network = nullptr;
  if (!breach.network.empty()) {
    network = tokens_of("network " + breach.network, kNetwork * kRecordsAtOnce, kNetwork * kRecordsASecond, now);
    if (!network || network->left < 1) return false;
  }
  Tokens* const device = tokens_of(machine_of(breach), kRecordsAtOnce, kRecordsASecond, now);
  if (!device || device->left < 1) return false;
  device->left -= 1;
  if (network) network->left -= 1;
  return true;
}

void Folding::begin(std::string key, const Breach& breach, Steady::time_point now) {
  ends_.emplace_back(now + kMinute, key);
  minutes_.insert_or_assign(std::move(key), Minute{.first = breach, .last = {}, .until = now + kMinute});
}

void Folding::note_change(Minute& minute) {
  if (std::exchange(minute.changed, true)) return;
  changed_.push_back(&minute);
}

void Folding::add(Minute& minute, const Breach& breach) {
  const Uuid id = minute.attempts == 0 ? breach.id : minute.last.id;
  minute.since = minute.attempts == 0 ? breach.time : std::min(minute.since, breach.time);
  // The copy of a withheld address is kept with the first that is counted: the record has the hash of that one.
  if (minute.attempts == 0 && is_withheld(breach.reason)) minute.first = breach;
  minute.last = breach;
  minute.last.id = id;
  ++minute.attempts;
  if (minute.addresses.size() < kMostAddresses) minute.addresses.insert(address_mark(breach.url));
  note_change(minute);
  counted_in_ = id;
}

bool Folding::count(const std::string& key, const Breach& breach, Steady::time_point now) {
  const auto found = minutes_.find(key);
  // What is over is taken by ended(), and what comes then begins another minute: nothing goes on for ever.
  if (found == minutes_.end() || (now >= found->second.until && found->second.attempts == 0)) return false;
  add(found->second, breach);
  return true;
}

Folding::Turn Folding::turn_of(const Breach& breach, Steady::time_point now) {
  std::string key = wall_offset(breach, now) + folding_key(breach);
  if (count(key, breach, now)) return Turn::fold;
  if (!take_token(breach, now)) return Turn::wait;
  begin(std::move(key), breach, now);
  return Turn::write;
}

Folding::Turn Folding::turn_behind(const Breach& breach, Steady::time_point now) {
  return count(wall_offset(breach, now) + folding_key(breach), breach, now) ? Turn::fold : Turn::wait;
}

Folding::Turn Folding::turn_of_urgent(const Breach& breach, Steady::time_point now) {
  std::string key = wall_offset(breach, now) + folding_key(breach);  // what is counted anyway stays where it belongs
  if (count(key, breach, now)) return Turn::fold;
  key = wall_offset(breach, now) + flood_key(breach);
  if (count(key, breach, now)) return Turn::fold;
  if (is_withheld(breach.reason)) {  // as many addresses as there may be: bounded by themselves
    Tokens* const sealed = tokens_of("sealed " + machine_of(breach), kRecordsAtOnce, kRecordsASecond, now);
    if (!sealed || sealed->left < 1) return Turn::wait;
    sealed->left -= 1;
  }
  begin(std::move(key), breach, now);
  return Turn::write;
}

Folding::Turn Folding::turn_in_flood(const Breach& breach, Steady::time_point now) {
  if (const Turn turn = turn_of_urgent(breach, now); turn != Turn::wait) return turn;
  std::string key = wall_offset(breach, now) + category_key(breach);
  if (count(key, breach, now)) return Turn::fold;
  begin(std::move(key), breach, now);
  return Turn::write;
}

void Folding::hold(const Breach& breach) {
  const auto [found, is_new] = held_.try_emplace(flood_key(breach));
  Minute& minute = found->second;
  if (is_new) minute.first = breach;
  Breach counted = breach;
  counted.id = Uuid::v7(breach.time);  // the attempt's own id is its record's, later
  add(minute, counted);
}

void Folding::let_go(const Breach& breach) {
  const auto found = held_.find(flood_key(breach));
  if (found == held_.end()) return;
  Minute& minute = found->second;
  if (--minute.attempts > 0) return note_change(minute);
  Breach none = minute.last;
  none.attempts = 0;
  emptied_.push_back(std::move(none));
  if (minute.changed) std::erase(changed_, &minute);
  held_.erase(found);
}

// A single attempt is told as it was; several as the first of their entry, with the moment of the last.
Breach Folding::sum_of(const Minute& minute) {
  if (minute.attempts == 1) return minute.last;
  Breach sum = minute.first;
  sum.id = minute.last.id;
  sum.time = std::max(minute.first.time, minute.last.time);
  sum.attempts = minute.attempts;
  sum.addresses = std::clamp<std::uint64_t>(minute.addresses.size(), 1, minute.attempts);
  sum.since = minute.since;
  return sum;
}

std::vector<Breach> Folding::changed() {
  std::vector<Breach> sums = std::move(emptied_);
  emptied_.clear();
  for (Minute* minute : changed_) {
    minute->changed = false;
    sums.push_back(sum_of(*minute));
  }
  changed_.clear();
  return sums;
}

std::vector<Breach> Folding::ended(Steady::time_point now) {
  std::vector<Breach> sums;
  while (!ends_.empty() && ends_.front().first <= now) {
    const auto [until, key] = std::move(ends_.front());
    ends_.pop_front();
    const auto found = minutes_.find(key);
    if (found == minutes_.end() || found->second.until != until) continue;  // another minute of that entry
    Minute& minute = found->second;
    if (minute.changed) std::erase(changed_, &minute);
    if (minute.attempts > 0) sums.push_back(sum_of(minute));
    minutes_.erase(found);
  }
  return sums;
}

void Folding::change_all() {
  for (Minutes* const all : {&minutes_, &held_})
    for (auto& [key, minute] : *all)
      if (minute.attempts > 0) note_change(minute);
}

std::set<std::string> Folding::ids() const {
  std::set<std::string> ids;
  for (const Minutes* const all : {&minutes_, &held_})
    for (const auto& [key, minute] : *all)
      if (minute.attempts > 0) ids.insert(minute.last.id.text());
  return ids;
}

}  // namespace schoolgate::breaches
