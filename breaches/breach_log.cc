// Why this file is long: it is the whole of one writer, what it owes to callers and what its watch tells them.

#include "breaches/breach_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/steady_clock.h"
#include "base/thread_name.h"
#include "breaches/breach_store.h"
#include "breaches/folding.h"

namespace schoolgate::breaches {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMostInTransaction = 4096;
constexpr std::chrono::seconds kSumsEvery{1};
constexpr std::chrono::milliseconds kFirstRetry{100}, kLastRetry{5000};
constexpr std::chrono::minutes kRetentionEvery{10};
/// While something is overdue: a step of a thousand records so often, between the writes of new ones. 5,000 a second,
/// which is many days' records in a minute, and a disk that is not asked for more than a few commits a second.
constexpr std::chrono::milliseconds kRetentionStep{200};
constexpr std::chrono::seconds kHoldsEvery{5};  // legal holds are read so often

constexpr std::chrono::milliseconds kTurnsEvery{100};     // attempts that wait are looked at so often
constexpr std::chrono::seconds kMinutesLookedAtEvery{1};  // and sums whose minute may be over
constexpr std::size_t kMostWaiting = 2000;                // attempts of one device; two hundred seconds of its turns
constexpr std::size_t kMostWaitingOfAll = 50'000;         // beyond them what comes is counted by category

// Somebody is told of it within seconds, whatever else its device does.
bool must_not_wait(const Breach& breach) { return breach.reason.urgency >= 4 || breach.reason.illegal; }

// One gateway per state folder: two writers would fork the chain. The kernel frees the lock however a process ends.
class FolderLock {
 public:
  static constexpr const char* kName = "breaches.lock";

  /// Fault config: another process holds it. Fault host: the folder does not let it be taken.
  static Result<FolderLock> take(const std::filesystem::path& folder) {
    FolderLock lock;
    lock.fd_ = ::open((folder / kName).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (lock.fd_ < 0) return fail_errno("cannot open " + (folder / kName).string(), errno);
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0)
      return fail(Fault::config, "another process writes the breach log in " + folder.string(),
                  "stop the other gateway first");
    return lock;
  }
  [[nodiscard]] bool held() const noexcept { return fd_ >= 0; }
  FolderLock() = default;
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  int fd_ = -1;
};

}  // namespace

struct BreachLog::Impl {
  // What is still owed to a caller; in the order of the records. Emptied when it was told "not durable" in time.
  struct Owed {
    Acknowledge acknowledge;
    Steady::time_point since;
    Steady::time_point appended;
    bool told = false;   // as not durable, in time
    bool waits = false;  // its device has had its records: it is not late
  };
  struct Attempt {
    Breach breach;
    std::uint64_t ticket = 0;  // of what is owed; 0: a sum, owed to nobody
  };

  BreachLogSettings settings;
  std::optional<store::StateKey> key;  // with `lock` the opener's, then the writer's; both stay once they are there
  FolderLock lock;
  std::unique_ptr<BreachStore> store;  // the writer's alone

  mutable std::mutex mutex;
  std::condition_variable work, watch;
  std::vector<Attempt> incoming;       // not yet taken by the writer
  std::map<std::uint64_t, Owed> owed;  // by ticket: not yet durable
  std::uint64_t last_ticket = 0;
  std::vector<Acknowledge> refused;  // over the bound; told by the watch
  bool stopping = false, writer_sleeps = false, watch_stopping = false;
  std::uint64_t written = 0, failures = 0, lost = 0;
  std::size_t turns = 0;  // of `owed`: those that wait for a turn, which are bounded by themselves

  SteadyTime retention_due{};       // by the clock that goes on while a machine sleeps
  Steady::time_point holds_read{};  // the writer's, as is the next
  std::optional<TimePoint> oldest_hold;
  std::uint64_t removed = 0;  // in this round of retention
  bool failing = false;       // the writer's: trouble was told and not yet its end
  // Of the commit that failed: the head that it would have left, and how many of the first in `batch` were in it. More
  // may be taken in before the store can be opened again.
  std::string attempted_hash;
  std::size_t attempted_count = 0;
  // What the writer has taken: to become records, with the tickets of each; counted into sums; waiting for its turn.
  struct Folded {
    std::uint64_t ticket = 0;
    Uuid sum;
  };
  std::vector<Breach> batch;
  std::vector<std::uint64_t> tickets;
  std::vector<Folded> folded;
  std::unordered_map<std::string, std::deque<Attempt>> waiting;  // by machine
  std::size_t waiting_of_all = 0;                                // in `waiting`
  std::map<std::string, Breach> open_sums;                       // by id: to be kept with the next write
  Folding folding;
  std::thread writer, watcher;

  void write_until_stopped();
  bool write_batch(bool sums_due);
  Result<void> open_files(std::optional<std::filesystem::path>& aside);
  bool open_store();
  void take_in(std::vector<Attempt>& arrived, bool last_try);
  void place(Attempt attempt);
  void to_batch(Attempt attempt);
  void set_waits(std::uint64_t ticket, bool waits);
  void release_waiting(bool last_try);
  [[nodiscard]] std::set<std::string> live_sums() const;
  void acknowledge_durable(std::span<const std::uint64_t> of, std::uint64_t first_seq);
  void acknowledge_folded();
  [[nodiscard]] bool has_work() const { return !batch.empty() || !folded.empty() || !open_sums.empty(); }
  [[nodiscard]] bool holds_nothing() const { return !has_work() && waiting.empty() && folding.is_empty(); }
  void tell_trouble(const Error& error);
  void watch_deadlines();
  [[nodiscard]] bool remove_old();
  [[nodiscard]] std::optional<TimePoint> removable_before(TimePoint now);
};

BreachLog::BreachLog() : impl_(std::make_unique<Impl>()) {}

// All that has to be there before a record can be written; what is there already stays.
Result<void> BreachLog::Impl::open_files(std::optional<std::filesystem::path>& aside) {
  if (!lock.held()) {
    if (auto made = make_private_folder(settings.folder); !made) return made;
    auto taken = FolderLock::take(settings.folder);
    if (!taken) return std::unexpected(std::move(taken.error()));
    lock = *std::move(taken);
  }
  if (!key) {
    auto loaded = store::StateKey::load_or_create(settings.folder);
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    key = *std::move(loaded);
  }
  auto opened = BreachStore::open({.folder = settings.folder,
                                   .school = settings.school,
                                   .gateway = settings.gateway,
                                   .vfs = settings.vfs,
                                   .live_sums = live_sums()},
                                  *key, aside);
  if (!opened) return std::unexpected(std::move(opened.error()));
  store = *std::move(opened);
  return {};
}

Result<std::unique_ptr<BreachLog>> BreachLog::open(BreachLogSettings settings) {
  // The lock stays for ever once there was a log here.
  std::error_code unreadable;
  const bool is_missing = std::filesystem::exists(settings.folder / FolderLock::kName, unreadable) &&
                          !std::filesystem::exists(settings.folder / kBreachesFile, unreadable) && !unreadable;
  std::unique_ptr<BreachLog> log(new BreachLog);
  Impl& impl = *log->impl_;
  impl.settings = std::move(settings);
  std::optional<std::filesystem::path> aside;
  if (auto opened = impl.open_files(aside); !opened) {
    if (opened.error().fault == Fault::config) return std::unexpected(std::move(opened.error()));
    impl.tell_trouble(opened.error());
  }
  const auto trouble = [&](std::string text) {
    log::error("breach log", {{"trouble", text}});
    if (impl.settings.on_trouble) impl.settings.on_trouble({LogTrouble::Kind::broken, std::move(text)});
  };
  if (aside) trouble("the breach log was damaged; it was moved to " + aside->string() + " and a new one begun");
  if (impl.store && !impl.store->head().broken.empty())
    trouble("the breach log cannot be trusted: " + impl.store->head().broken);
  if (impl.store && is_missing) trouble("the breach log was missing; a new one was begun");

  impl.writer = std::thread([&impl] {
    name_this_thread("breach-writer");
    impl.write_until_stopped();
  });
  impl.watcher = std::thread([&impl] {
    name_this_thread("breach-watcher");
    impl.watch_deadlines();
  });
  return log;
}

BreachLog::~BreachLog() {
  if (!impl_->writer.joinable()) return;
  {
    const std::lock_guard guard(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->work.notify_one();
  impl_->writer.join();
  {
    const std::lock_guard guard(impl_->mutex);
    impl_->watch_stopping = true;
  }
  impl_->watch.notify_one();
  impl_->watcher.join();
}

void BreachLog::append(Breach breach, Acknowledge acknowledge) {
  Impl& impl = *impl_;
  const auto now = Steady::now();
  bool wake_writer = false, wake_watch = false;
  {
    const std::lock_guard guard(impl.mutex);
    if (impl.owed.size() - impl.turns >= impl.settings.queue_limit) {
      ++impl.lost;
      impl.refused.push_back(std::move(acknowledge));
      wake_watch = true;
    } else {
      impl.incoming.push_back({std::move(breach), ++impl.last_ticket});
      impl.owed.emplace(impl.last_ticket, Impl::Owed{std::move(acknowledge), now, now});
      wake_writer = std::exchange(impl.writer_sleeps, false);
    }
  }
  if (wake_writer) impl.work.notify_one();
  if (wake_watch) impl.watch.notify_one();
}

BreachLogCounters BreachLog::counters() const {
  const Impl& impl = *impl_;
  const std::lock_guard guard(impl.mutex);
  BreachLogCounters counters{.written = impl.written,
                             .failures = impl.failures,
                             .waiting = impl.owed.size(),
                             .lost = impl.lost,
                             .turns = impl.turns};
  // Who waits for a turn is counted durably and not late.
  const auto oldest = std::ranges::find_if(impl.owed, [](const auto& one) { return !one.second.waits; });
  if (oldest != impl.owed.end())
    counters.lag_seconds = std::chrono::duration<double>(Steady::now() - oldest->second.since).count();
  return counters;
}

void BreachLog::Impl::write_until_stopped() {
  std::vector<Attempt> arrived;
  auto sums_stored = Steady::now();
  auto retry = kFirstRetry;
  bool last_try = false;
  while (true) {
    {
      std::unique_lock guard(mutex);
      const auto ready = [&] { return stopping || !incoming.empty(); };
      if (store && !has_work() && !ready()) {  // without a store, opening it is what is to be done
        writer_sleeps = true;
        auto until = Steady::now() + (retention_due - steady_now());
        if (store->has_unstored_sums()) until = std::min(until, sums_stored + kSumsEvery);
        if (!waiting.empty()) until = std::min(until, Steady::now() + kTurnsEvery);
        if (!folding.is_empty()) until = std::min(until, Steady::now() + kMinutesLookedAtEvery);
        work.wait_until(guard, until, ready);
        writer_sleeps = false;
      }
      if (!has_work()) std::swap(arrived, incoming);  // both keep their capacity
      last_try = stopping;
    }
    take_in(arrived, last_try);
    if (last_try && holds_nothing() && !(store && store->has_unstored_sums())) {
      const std::lock_guard guard(mutex);
      if (incoming.empty()) break;
    }
    const bool sums_due = last_try || Steady::now() - sums_stored >= kSumsEvery;
    if (!store && !open_store()) {
      if (last_try) break;
    } else if (!has_work() && !sums_due) {
      // woken for something else
    } else if (write_batch(sums_due)) {
      retry = kFirstRetry;
      if (sums_due) {
        sums_stored = Steady::now();
        store->forget_ended_episodes(wall_now());
        if (settings.on_episodes) settings.on_episodes();
      }
      store->checkpoint_if_due();
    } else if (last_try) {
      break;
    }
    if (store && !last_try && steady_now() >= retention_due) {
      const bool more = remove_old();
      retention_due = steady_now() + (more ? std::chrono::milliseconds(kRetentionStep) : kRetentionEvery);
    }
    if (!store) {
      std::unique_lock guard(mutex);
      work.wait_for(guard, retry, [&] { return stopping; });
      retry = std::min(retry * 2, kLastRetry);
    }
  }
  // Whatever could not be written is told so; the watch ends after this thread.
  std::vector<Owed> left;
  {
    const std::lock_guard guard(mutex);
    for (auto& [ticket, one] : owed) left.push_back(std::move(one));
    owed.clear();
    turns = 0;
    lost += left.size();
  }
  for (Owed& one : left)
    if (one.acknowledge) one.acknowledge({});
  store.reset();
}

void BreachLog::Impl::take_in(std::vector<Attempt>& arrived, bool last_try) {
  for (Attempt& attempt : arrived) place(std::move(attempt));
  arrived.clear();
  if (arrived.capacity() > 2 * kMostInTransaction)
    std::vector<Attempt>().swap(arrived);  // what a failing disk piled up
  if (!settings.folds) return;
  release_waiting(last_try);
  for (Breach& sum : folding.ended(last_try ? Steady::time_point::max() : Steady::now())) {
    open_sums.erase(sum.id.text());
    to_batch({.breach = std::move(sum)});
  }
  for (Breach& sum : folding.changed()) {
    std::string id = sum.id.text();
    open_sums.insert_or_assign(std::move(id), std::move(sum));
  }
}

void BreachLog::Impl::to_batch(Attempt attempt) {
  batch.push_back(std::move(attempt.breach));
  tickets.push_back(attempt.ticket);
}

void BreachLog::Impl::set_waits(std::uint64_t ticket, bool waits) {
  const std::lock_guard guard(mutex);
  const auto found = owed.find(ticket);
  if (found == owed.end() || found->second.waits == waits) return;
  found->second.waits = waits;
  turns += waits ? 1 : -1;
  found->second.since = Steady::now();
}

// The attempts of a device stay in their order: while some wait, so do those that come after them, unless they are
// counted anyway. Only what somebody has to be told of at once goes before them.
void BreachLog::Impl::place(Attempt attempt) {
  if (!settings.folds || attempt.breach.confidence == kSelftest) return to_batch(std::move(attempt));
  if (settings.machine_of) {
    Machine machine = settings.machine_of(attempt.breach.device);
    attempt.breach.machine = std::move(machine.device);
    attempt.breach.network = std::move(machine.network);
  }
  const auto queue = waiting.find(machine_of(attempt.breach));
  const bool too_many =
      waiting_of_all >= kMostWaitingOfAll || (queue != waiting.end() && queue->second.size() >= kMostWaiting);
  const auto now = Steady::now();
  const auto turn = [&](const Breach& breach) {
    if (too_many) return folding.turn_in_flood(breach, now);
    const auto usual = queue != waiting.end() ? folding.turn_behind(breach, now) : folding.turn_of(breach, now);
    return usual == Folding::Turn::wait && must_not_wait(breach) ? folding.turn_of_urgent(breach, now) : usual;
  };
  switch (turn(attempt.breach)) {
    case Folding::Turn::write: return to_batch(std::move(attempt));
    case Folding::Turn::fold: folded.push_back({attempt.ticket, folding.counted_in()}); return;
    case Folding::Turn::wait: break;
  }
  folding.hold(attempt.breach);
  set_waits(attempt.ticket, true);
  ++waiting_of_all;
  auto& of_device = waiting[machine_of(attempt.breach)];
  of_device.push_back(std::move(attempt));
}

void BreachLog::Impl::release_waiting(bool last_try) {
  for (auto& [device, queue] : waiting) {
    while (!queue.empty()) {
      Attempt& next = queue.front();
      const auto turn = last_try ? Folding::Turn::write : folding.turn_of(next.breach, Steady::now());
      if (turn == Folding::Turn::wait) break;
      set_waits(next.ticket, false);
      folding.let_go(next.breach);
      if (turn == Folding::Turn::write)
        to_batch(std::move(next));
      else
        folded.push_back({next.ticket, folding.counted_in()});
      queue.pop_front();
      --waiting_of_all;
    }
  }
  std::erase_if(waiting, [](const auto& device) { return device.second.empty(); });
}

// True when it is on disk. Takes the written records off `batch`; on failure throws the store away.
bool BreachLog::Impl::write_batch(bool sums_due) {
  bool sums = sums_due;
  std::size_t done = 0;
  const ClockStanding standing = settings.clock();
  const auto likely = standing.is_believed() ? std::nullopt : std::optional(standing.likely);
  std::vector<Breach> open;
  for (const auto& [id, sum] : open_sums) open.push_back(sum);
  bool open_due = !open.empty() || !folded.empty();
  while (done < batch.size() || sums || open_due) {
    const std::size_t count = std::min(batch.size() - done, kMostInTransaction);
    // The last of them, because an open sum belongs to the episode of a record that is written with it.
    const bool is_last = done + count == batch.size();
    auto first = store->write(std::span(batch).subspan(done, count), sums, likely,
                              is_last ? std::span<const Breach>(open) : std::span<const Breach>());
    if (!first) {
      attempted_hash = store->attempted_hash();
      attempted_count = count;
      store.reset();
      batch.erase(batch.begin(), batch.begin() + std::ptrdiff_t(done));
      tickets.erase(tickets.begin(), tickets.begin() + std::ptrdiff_t(done));
      {
        const std::lock_guard guard(mutex);
        ++failures;
      }
      tell_trouble(first.error());
      return false;
    }
    acknowledge_durable(std::span(tickets).subspan(done, count), *first);
    done += count;
    sums = false;
    if (is_last) open_due = false;
  }
  acknowledge_folded();
  open_sums.clear();
  batch.clear();
  tickets.clear();
  if (batch.capacity() > 2 * kMostInTransaction) std::vector<Breach>().swap(batch);  // what a failing disk piled up
  if (std::exchange(failing, false)) {
    log::info("the breach log writes again", {});
    if (settings.on_trouble) settings.on_trouble({LogTrouble::Kind::recovered, "the breach log writes again"});
  }
  return true;
}

// A failed commit may have reached the disk all the same. Opening again reads what is there; the checkpoint makes it
// durable; and when its head is the attempted one, the records that were attempted are written and not to be repeated.
bool BreachLog::Impl::open_store() {
  std::optional<std::filesystem::path> aside;
  auto opened = open_files(aside);
  if (opened) opened = store->checkpoint_all();
  if (!opened) {
    store.reset();
    {
      const std::lock_guard guard(mutex);
      ++failures;
    }
    tell_trouble(opened.error());
    return false;
  }
  if (aside && settings.on_trouble)
    settings.on_trouble({LogTrouble::Kind::broken,
                         "the breach log was damaged; it was moved to " + aside->string() + " and a new one begun"});
  if (!attempted_hash.empty() && store->found_head().hash == attempted_hash) {
    const std::size_t count = std::min(attempted_count, batch.size());
    acknowledge_durable(std::span(tickets).first(count), store->found_head().seq + 1 - count);
    batch.erase(batch.begin(), batch.begin() + std::ptrdiff_t(count));
    tickets.erase(tickets.begin(), tickets.begin() + std::ptrdiff_t(count));
  }
  attempted_hash.clear();
  attempted_count = 0;
  folding.change_all();  // the file may be another one
  for (Breach& sum : folding.changed()) {
    std::string id = sum.id.text();
    open_sums.insert_or_assign(std::move(id), std::move(sum));
  }
  return true;
}

// The sums that this process goes on with: a store that is opened again leaves them open.
std::set<std::string> BreachLog::Impl::live_sums() const {
  std::set<std::string> ids = folding.ids();
  for (const Breach& breach : batch) ids.insert(breach.id.text());  // some of them are sums whose minute is over
  for (const auto& [id, sum] : open_sums) ids.insert(id);
  return ids;
}

void BreachLog::Impl::acknowledge_durable(std::span<const std::uint64_t> of, std::uint64_t first_seq) {
  std::vector<std::pair<Acknowledge, std::uint64_t>> calls;
  calls.reserve(of.size());
  {
    const std::lock_guard guard(mutex);
    for (std::size_t i = 0; i < of.size(); ++i) {
      const auto found = owed.find(of[i]);
      if (found == owed.end()) continue;
      calls.emplace_back(std::move(found->second.acknowledge), first_seq + i);
      owed.erase(found);
      ++written;
    }
  }
  for (auto& [acknowledge, seq] : calls)
    if (acknowledge) acknowledge({.durable = true, .seq = seq});
}

void BreachLog::Impl::acknowledge_folded() {
  std::vector<std::pair<Acknowledge, Uuid>> calls;
  calls.reserve(folded.size());
  {
    const std::lock_guard guard(mutex);
    for (const Folded& one : folded) {
      const auto found = owed.find(one.ticket);
      if (found == owed.end()) continue;
      calls.emplace_back(std::move(found->second.acknowledge), one.sum);
      owed.erase(found);
      ++written;
    }
  }
  folded.clear();
  for (auto& [acknowledge, sum] : calls)
    if (acknowledge) acknowledge({.durable = true, .seq = store->head().seq, .counted_in = sum});
}

void BreachLog::Impl::tell_trouble(const Error& error) {
  if (std::exchange(failing, true)) return;
  log::error("the breach log cannot be written; blocks still block", {{"why", error.text()}});
  if (settings.on_trouble) settings.on_trouble({LogTrouble::Kind::failing, error.text()});
}

// A thread of its own, because a disk that hangs keeps the writer inside fsync.
void BreachLog::Impl::watch_deadlines() {
  const auto tick = std::max(settings.durable_deadline / 8, std::chrono::milliseconds(5));
  std::vector<Acknowledge> calls;
  while (true) {
    {
      std::unique_lock guard(mutex);
      watch.wait_for(guard, tick, [&] { return watch_stopping || !refused.empty(); });
      calls.swap(refused);
      const auto now = Steady::now();
      for (auto& [ticket, one] : owed) {
        // Whoever waits for a turn is not late, unless the writer hangs and no turn comes.
        const bool is_late = (!one.waits && now - one.since >= settings.durable_deadline) ||
                             now - one.appended >= settings.turn_deadline;
        if (one.told || !is_late) continue;
        one.told = true;
        if (one.acknowledge) calls.push_back(std::move(one.acknowledge));
        one.acknowledge = nullptr;
      }
      if (watch_stopping && calls.empty()) return;
    }
    for (const Acknowledge& acknowledge : calls)
      if (acknowledge) acknowledge({});
    calls.clear();
  }
}

// Until when records may go; nothing while the clock is not believed, or a hold may be there that cannot be read.
std::optional<TimePoint> BreachLog::Impl::removable_before(TimePoint now) {
  if (Steady::now() - holds_read >= kHoldsEvery || holds_read == Steady::time_point{}) {
    const Result<std::optional<TimePoint>> held =
        settings.oldest_held ? settings.oldest_held() : std::optional<TimePoint>();
    if (!held) {
      log::error("old breach records are kept: legal holds cannot be read", {{"why", held.error().text()}});
      return std::nullopt;
    }
    oldest_hold = *held;
    holds_read = Steady::now();
  }
  const TimePoint before = now - settings.retention;
  return std::min(before, oldest_hold.value_or(before));
}

// One step, or as many as are done before a new record comes. True when more is overdue.
bool BreachLog::Impl::remove_old() {
  while (true) {
    const ClockStanding standing = settings.clock();
    if (!standing.is_believed()) return false;
    const auto before = removable_before(standing.likely);
    if (!before) return false;
    auto step = store->remove_before(*before, standing.likely);
    if (!step) {
      log::error("old breach records cannot be removed", {{"why", step.error().text()}});
      return false;
    }
    removed += *step;
    store->checkpoint_if_due();
    if (*step == 0) break;
    const std::lock_guard guard(mutex);
    if (!incoming.empty() || stopping) return true;  // records come first
  }
  if (const auto count = std::exchange(removed, 0); count > 0)
    log::info("old breach records removed", {{"records", count}});
  return false;
}

}  // namespace schoolgate::breaches
