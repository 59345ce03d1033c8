#include "identity/leavers.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "identity/access_register.h"

namespace schoolgate::identity {
namespace {

constexpr std::string_view kDirectory = "directory";  // as the register calls it
/// So many leave in one night only where somebody has moved the directory's tree: a third, and more than a handful.
constexpr std::size_t kHandful = 5, kShare = 3;

}  // namespace

bool is_walk_due(std::optional<TimePoint> last, TimePoint now, int local_minute) noexcept {
  constexpr int kNight = 3 * 60, kNightEnds = 4 * 60;
  const bool at_night = local_minute >= kNight && local_minute < kNightEnds;
  if (!last || *last > now) return at_night;
  return now - *last >= (at_night ? std::chrono::hours(20) : std::chrono::hours(28));
}

void Leavers::begin() {
  if (under_way_.exchange(true)) return;
  waiting_.clear();
  leavers_.clear();
  answered_ = 0;
  const auto rows = AccessRegister(parts_.people).rows(parts_.now());
  if (!rows) {
    log::error("the register of access cannot be read", {{"why", rows.error().text()}});
    under_way_ = false;
    return;
  }
  for (const AccessGrant& row : *rows)
    if (row.granted_by == kDirectory) waiting_.push_back(row.user);
  std::ranges::sort(waiting_);
  const auto repeated = std::ranges::unique(waiting_);
  waiting_.erase(repeated.begin(), repeated.end());
  ask_next();
}

void Leavers::ask_next() {
  if (waiting_.empty()) return finish();
  std::string user = std::move(waiting_.back());
  waiting_.pop_back();
  const bool asked = parts_.credentials.standing_of(user, [this, user](Standing standing) { take(user, standing); });
  if (!asked) finish();
}

void Leavers::take(const std::string& user, Standing standing) {
  if (standing == Standing::unknown) return finish();
  ++answered_;
  if (standing == Standing::gone) leavers_.push_back({user, "no longer in the directory"});
  if (standing == Standing::switched_off) leavers_.push_back({user, "switched off in the directory"});
  ask_next();
}

void Leavers::finish() {
  if (leavers_.size() > kHandful && leavers_.size() * kShare > answered_) {
    parts_.on_suspicion(
        "The directory says of " + std::to_string(leavers_.size()) + " of " + std::to_string(answered_) +
        " people that they are gone or switched off. That is too many to believe, so no row was closed. "
        "Look at `directory.base` and at the rights of its account.");
  } else {
    for (const Leaver& leaver : leavers_) {
      const auto closed = AccessRegister(parts_.people).close(leaver.user, leaver.why, kDirectory, parts_.now());
      if (!closed) {
        log::error("the register of access cannot be written", {{"why", closed.error().text()}});
        continue;
      }
      parts_.on_leaver(leaver.user);
    }
  }
  under_way_ = false;
}

}  // namespace schoolgate::identity
