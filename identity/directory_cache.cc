#include "identity/directory_cache.h"

#include <algorithm>

namespace schoolgate::identity {
namespace {

constexpr std::size_t kMostPeople = 20'000;
constexpr std::chrono::seconds kNobody{60}, kTryAgain{1};
/// Longer than any question can take; so long the next one waits for whoever was told to refresh.
constexpr std::chrono::seconds kUnderWay{60};

}  // namespace

DirectoryCache::Found DirectoryCache::look_up(std::string_view user, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  if (entries_.size() >= kMostPeople) make_room();
  Entry& entry = entries_[std::string(user)];
  const auto age = now - entry.asked;
  Found found;
  found.known = entry.answered && age <= (entry.person ? stale_ : std::min(stale_, kNobody));
  if (found.known) found.person = entry.person;
  const bool fresh = found.known && age <= fresh_;
  if (!fresh && entry.not_before <= now) {
    found.refresh = true;
    entry.not_before = now + kUnderWay;
  }
  return found;
}

DirectoryCache::Found DirectoryCache::last_known(std::string_view user, Clock::time_point now) const {
  const std::scoped_lock lock(mutex_);
  const auto at = entries_.find(std::string(user));
  if (at == entries_.end() || !at->second.answered || now - at->second.asked > stale_) return {};
  return {true, at->second.person, false};
}

void DirectoryCache::put(std::string_view user, std::optional<DirectoryPerson> person, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  entries_[std::string(user)] = {.person = std::move(person), .answered = true, .asked = now, .not_before = now};
}

void DirectoryCache::failed(std::string_view user, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  if (const auto at = entries_.find(std::string(user)); at != entries_.end()) at->second.not_before = now + kTryAgain;
}

std::size_t DirectoryCache::size() const {
  const std::scoped_lock lock(mutex_);
  return entries_.size();
}

void DirectoryCache::make_room() {
  // A tenth at once, the oldest answers; those without one are the oldest of all.
  std::vector<Clock::time_point> ages;
  ages.reserve(entries_.size());
  for (const auto& [user, entry] : entries_) ages.push_back(entry.asked);
  const auto tenth = ages.begin() + std::ptrdiff_t(ages.size() / 10);
  std::ranges::nth_element(ages, tenth);
  const auto limit = *tenth;
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.asked <= limit; });
}

}  // namespace schoolgate::identity
