#include "app/clock_watch.h"

#include "app/told_times.h"
#include "base/file.h"
#include "base/log.h"
#include "breaches/audit_log.h"
#include "breaches/breach_store.h"
#include "store/sqlite.h"

namespace schoolgate::app {
namespace {

constexpr const char* kClockFile = "clock";
constexpr std::chrono::minutes kKeepEvery{1};
constexpr std::chrono::minutes kReadToldEvery{1};
constexpr std::chrono::hours kSayAgain{24};
constexpr std::chrono::milliseconds kTaken{500};  // by which two readings at once may differ

std::optional<TimePoint> last_time_in(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::nullopt;
  auto database = store::Database::open(file, store::Database::Access::read);
  if (!database) return std::nullopt;
  auto query = database->prepare("SELECT time FROM records ORDER BY seq DESC LIMIT 1");
  if (!query || query->step() != store::Statement::Step::row) return std::nullopt;
  return TimePoint(std::chrono::milliseconds(query->integer(0)));
}

}  // namespace

std::optional<TimePoint> ClockWatch::last_record(const std::filesystem::path& state) {
  return std::max(last_time_in(state / breaches::kBreachesFile), last_time_in(state / "audit.db"));
}

ClockWatch::ClockWatch(Parts parts) : parts_(std::move(parts)), started_(parts_.now().steady) {
  if (const auto text = read_file(parts_.state / kClockFile))
    last_believed_ = from_rfc3339(text->substr(0, text->find('\n')));
  if (!last_believed_) last_believed_ = last_record(parts_.state);
}

ClockEvidence ClockWatch::evidence(Moment now) const {
  // How long it was off is not known; how long it has run since is.
  const auto last =
      last_believed_ && !last_believed_at_ ? std::optional(*last_believed_ + (now.steady - started_)) : last_believed_;
  return {.released = parts_.released,
          .kernel_is_kept_right = parts_.is_kept_right && parts_.is_kept_right(now.wall),
          .told = told_,
          .last_believed = last,
          .last_believed_at = last_believed_at_};
}

void ClockWatch::read_told(SteadyTime now) {
  if (told_read_at_ && now - *told_read_at_ < kReadToldEvery) return;
  told_read_at_ = now;
  told_ = read_told_times(parts_.state);
  if (confirmed_at_) std::erase_if(told_, [&](const ToldTime& one) { return one.at.steady <= *confirmed_at_; });
}

std::optional<ClockDoubt> ClockWatch::look() {
  const std::scoped_lock lock(mutex_);
  const Moment now = taken_together();
  read_told(now.steady);
  const ClockDoubt doubt = doubt_of(now, evidence(now));
  likely_from_steady_.store(
      (likely_time(now, evidence(now)).time_since_epoch() - now.steady.time_since_epoch()).count(),
      std::memory_order_relaxed);
  if (doubt == ClockDoubt::none) {
    last_believed_ = now.wall;
    last_believed_at_ = now.steady;
    if (!kept_at_ || now.steady - *kept_at_ >= kKeepEvery) {
      kept_at_ = now.steady;
      if (auto kept = keep(now.wall); !kept) log::warning("the time is not kept", {{"why", kept.error().text()}});
    }
  }
  const bool again = doubt != ClockDoubt::none && said_at_ && now.steady - *said_at_ >= kSayAgain;
  if (doubt == said_ && !again) return std::nullopt;
  said_ = doubt;
  said_at_ = now.steady;
  return doubt;
}

Result<void> ClockWatch::confirm() {
  const std::scoped_lock lock(mutex_);
  const Moment now = parts_.now();
  last_believed_ = now.wall;
  last_believed_at_ = now.steady;
  confirmed_at_ = now.steady;
  told_.clear();
  return keep(now.wall);
}

Result<void> ClockWatch::keep(TimePoint time) const {
  return replace_file(parts_.state / kClockFile, to_rfc3339(time) + '\n');
}

ClockStanding ClockWatch::standing() const {
  const std::scoped_lock lock(mutex_);
  const Moment now = taken_together();
  const ClockEvidence known = evidence(now);
  return {doubt_of(now, known), likely_time(now, known)};
}

TimePoint ClockWatch::likely_now() const noexcept {
  const Moment now = parts_.now();
  const std::int64_t from_steady = likely_from_steady_.load(std::memory_order_relaxed);
  if (from_steady == kNoLook) return now.wall;
  return TimePoint(now.steady.time_since_epoch() + std::chrono::milliseconds(from_steady));
}

// A machine may sleep, or its clock be set, between the reading of the one clock and of the other: such a pair would
// tell of a step that there never was.
Moment ClockWatch::taken_together() const {
  Moment last = parts_.now();
  for (int tries = 0; tries < 5; ++tries) {
    const Moment now = parts_.now();
    const auto apart = (now.wall - last.wall) - (now.steady - last.steady);
    if (apart < kTaken && apart > -kTaken) return now;
    last = now;
  }
  return last;
}

std::string ClockWatch::words() const {
  const ClockStanding now = standing();
  const std::string says = "The machine's clock says " + to_rfc3339(parts_.now().wall);
  if (now.is_believed()) return says + " and is believed.";
  const std::string why = now.doubt == ClockDoubt::before_release ? "which is before this release was made"
                          : now.doubt == ClockDoubt::behind       ? "which is earlier than what it has shown before"
                                                                  : "which is later than anything known accounts for";
  return says + ", " + why + "; likely it is about " + to_rfc3339(now.likely) +
         ". Until it is believed again, nothing is removed after its time, no alert is given up, and certificates are "
         "made "
         "for the likely date. Put the clock right and let a time server keep it (timedatectl); if it is right, say so "
         "with `schoolgate clock --confirm`.";
}

}  // namespace schoolgate::app
