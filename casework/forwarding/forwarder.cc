#include "casework/forwarding/forwarder.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "breaches/breach.h"
#include "breaches/breach_store.h"
#include "breaches/flat_json.h"
#include "casework/forwarding/syslog_sender.h"
#include "store/sqlite.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr const char* kPlaceFile = "forwarded";
constexpr std::int64_t kRecordsAtOnce = 200;
constexpr std::size_t kMostAlarms = 1000;
constexpr std::chrono::seconds kFirstWait{1}, kLongestWait{60}, kLookEvery{5}, kTellAfter = 5min;

// One record as it leaves. The numbers of the chain stay at home: without the fields left out they prove nothing.
constexpr std::string_view kQuery =
    "SELECT seq, json_remove(record, '$.previous_hash'), CASE WHEN json_extract(record, '$.search') IS NULL"
    " THEN json_remove(record, '$.previous_hash', '$.person')"
    // A rule about searched words is cited with the words.
    " ELSE json_remove(record, '$.previous_hash', '$.person', '$.search', '$.reason.entry', '$.reason.rule') END"
    " FROM records WHERE seq > ?1 ORDER BY seq LIMIT ?2";

}  // namespace

struct Forwarder::Impl {
  struct Batch {
    std::vector<std::string> messages;
    std::int64_t last = 0;  ///< number of the last record in it, or that was passed over
    bool full = false;      ///< there may be more
  };

  ForwarderOptions options;

  mutable std::mutex mutex;
  std::condition_variable work;
  std::optional<ForwardSettings> settings;
  std::uint64_t settings_number = 0;
  std::deque<Alarm> alarms;
  bool noticed = false;
  ForwardCounters counters;
  std::optional<Steady::time_point> waiting_since;
  std::atomic<bool> stopping = false;

  // The thread's.
  std::optional<store::Database> breaches;
  ino_t log_file = 0;    ///< of `breaches`
  std::string log_name;  ///< the chain that it is, so that a new log is not taken for the old one
  std::optional<std::int64_t> place;
  std::deque<Alarm> alarms_in_hand;  ///< taken from `alarms`, not sent yet
  struct Unsure {
    std::int64_t before = 0;  ///< where the records begin that were sent last
    std::deque<Alarm> alarms;
  };
  std::optional<Unsure> unsure;  ///< sent over a stream that may have been closed by then
  std::unique_ptr<SyslogSender> sender;
  std::uint64_t sender_number = 0;
  bool told = false, failing = false;
  std::thread thread;

  void run();
  bool wait_for_work(Steady::duration pause, bool more);
  std::optional<ForwardSettings> settings_now();
  Result<bool> round(const ForwardSettings& to);
  Result<void> settle_unsure();
  void take_alarms();
  Result<void> open_log();
  Result<void> find_place();
  Result<Batch> next_batch(const ForwardSettings& to);
  Result<void> add_records(const ForwardSettings& to, Batch& batch);
  Result<void> remember(std::int64_t seq);
  void failed(const Error& why);
  void recovered();
};

Forwarder::Forwarder(ForwarderOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  impl_->thread = std::thread([&impl = *impl_] {
    name_this_thread("forwarder");
    impl.run();
  });
}

Forwarder::~Forwarder() {
  {
    const std::lock_guard guard(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->work.notify_one();
  impl_->thread.join();
}

void Forwarder::apply(std::optional<ForwardSettings> settings) {
  {
    const std::lock_guard guard(impl_->mutex);
    if (impl_->settings == settings && impl_->settings_number > 0) return;
    impl_->settings = std::move(settings);
    ++impl_->settings_number;
    impl_->noticed = true;
  }
  impl_->work.notify_one();
}

void Forwarder::notice() {
  {
    const std::lock_guard guard(impl_->mutex);
    impl_->noticed = true;
  }
  impl_->work.notify_one();
}

void Forwarder::post(Alarm alarm) {
  {
    const std::lock_guard guard(impl_->mutex);
    if (impl_->settings_number > 0 && !impl_->settings) return;
    if (impl_->alarms.size() >= kMostAlarms) {
      impl_->alarms.pop_front();
      ++impl_->counters.alarms_lost;
    }
    impl_->alarms.push_back(std::move(alarm));
    impl_->noticed = true;
  }
  impl_->work.notify_one();
}

ForwardCounters Forwarder::counters() const {
  const std::lock_guard guard(impl_->mutex);
  ForwardCounters now = impl_->counters;
  if (impl_->waiting_since)
    now.behind_seconds = std::chrono::duration<double>(Steady::now() - *impl_->waiting_since).count();
  return now;
}

void Forwarder::Impl::run() {
  Steady::duration pause{0};
  bool more = false;
  while (wait_for_work(pause, more)) {
    more = false;
    const auto to = settings_now();
    if (!to) continue;
    const auto sent = round(*to);
    if (sent) {
      pause = 0s;
      more = *sent;
      recovered();
    } else {
      failed(sent.error());
      pause = std::clamp<Steady::duration>(pause * 2, kFirstWait, kLongestWait);
    }
  }
}

// After a failure new records do not hurry it; new settings do.
bool Forwarder::Impl::wait_for_work(Steady::duration pause, bool more) {
  std::unique_lock guard(mutex);
  if (pause > 0s)
    work.wait_for(guard, pause, [&] { return stopping || settings_number != sender_number; });
  else if (!more)
    work.wait_for(guard, kLookEvery, [&] { return stopping || noticed; });
  noticed = false;
  return !stopping;
}

std::optional<ForwardSettings> Forwarder::Impl::settings_now() {
  std::optional<ForwardSettings> now;
  std::uint64_t number = 0;
  {
    const std::lock_guard guard(mutex);
    if (!settings) {
      alarms.clear();
      waiting_since.reset();
    }
    now = settings;
    number = settings_number;
  }
  if (number == sender_number) return now;
  sender_number = number;
  sender = now ? std::make_unique<SyslogSender>(*now, stopping) : nullptr;
  unsure.reset();
  place.reset();
  if (!now) {
    std::error_code gone;
    std::filesystem::remove(options.folder / kPlaceFile, gone);
  }
  return now;
}

/// True when there may be more to send.
Result<bool> Forwarder::Impl::round(const ForwardSettings& to) {
  if (auto settled = settle_unsure(); !settled) return std::unexpected(settled.error());
  auto batch = next_batch(to);
  if (!batch) return std::unexpected(batch.error());
  const auto is_sure = sender->send(batch->messages);
  if (!is_sure) return std::unexpected(is_sure.error());
  {
    const std::lock_guard guard(mutex);
    counters.sent += batch->messages.size();
  }
  if (!*is_sure) unsure = Unsure{*place, std::move(alarms_in_hand)};
  alarms_in_hand.clear();
  if (*is_sure && batch->last > *place) {
    if (auto kept = remember(batch->last); !kept) return std::unexpected(kept.error());
  }
  place = batch->last;
  return batch->full;
}

// What the last round sent over a kept stream: it arrived if the collector is there still, else it is sent again, over
// a stream made for it.
Result<void> Forwarder::Impl::settle_unsure() {
  if (!unsure) return {};
  Unsure last = std::move(*unsure);
  unsure.reset();
  if (!sender->has_gone()) return place && *place > last.before ? remember(*place) : Result<void>();
  place = last.before;
  alarms_in_hand.insert(alarms_in_hand.begin(), std::make_move_iterator(last.alarms.begin()),
                        std::make_move_iterator(last.alarms.end()));
  return {};
}

Result<Forwarder::Impl::Batch> Forwarder::Impl::next_batch(const ForwardSettings& to) {
  Batch batch;
  take_alarms();
  for (const Alarm& alarm : alarms_in_hand) {
    const std::string text = to.format == ForwardSettings::Format::json ? alarm_as_json(alarm, options.from)
                                                                        : alarm_as_cef(alarm, options.from);
    batch.messages.push_back(to_rfc5424({.severity = Severity::warning,
                                         .time = alarm.time,
                                         .host = options.from.gateway,
                                         .kind = "alarm",
                                         .text = text}));
  }
  if (auto found = find_place(); !found) return std::unexpected(found.error());
  if (auto added = add_records(to, batch); !added) return std::unexpected(added.error());
  if (!batch.messages.empty()) {
    const std::lock_guard guard(mutex);
    if (!waiting_since) waiting_since = Steady::now();
  }
  return batch;
}

// The oldest are given up when there are too many.
void Forwarder::Impl::take_alarms() {
  const std::lock_guard guard(mutex);
  alarms_in_hand.insert(alarms_in_hand.end(), std::make_move_iterator(alarms.begin()),
                        std::make_move_iterator(alarms.end()));
  alarms.clear();
  for (; alarms_in_hand.size() > kMostAlarms; ++counters.alarms_lost) alarms_in_hand.pop_front();
}

Result<void> Forwarder::Impl::add_records(const ForwardSettings& to, Batch& batch) {
  batch.last = *place;
  if (!breaches) return {};
  auto query = breaches->prepare(kQuery);
  if (!query) return std::unexpected(query.error());
  query->bind(1, *place).bind(2, kRecordsAtOnce);
  std::int64_t rows = 0;
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step(), ++rows) {
    batch.last = query->integer(0);
    const std::string_view record = query->text(to.names ? 1 : 2);
    const auto fields = breaches::FlatJson::parse(record);
    if (fields && fields->text("confidence") == breaches::kSelftest) continue;
    const std::string text =
        to.format == ForwardSettings::Format::json ? std::string(record) : record_as_cef(record, options.from);
    const auto time = fields ? from_rfc3339(fields->text("time")) : std::nullopt;
    batch.messages.push_back(to_rfc5424({.severity = severity_of(fields ? fields->integer("urgency") : 5),
                                         .time = time.value_or(wall_now()),
                                         .host = options.from.gateway,
                                         .kind = "breach",
                                         .text = text}));
  }
  if (step == store::Statement::Step::failed) {
    auto error = breaches->error("read");
    breaches.reset();
    return std::unexpected(std::move(error));
  }
  batch.full = rows == kRecordsAtOnce;
  return {};
}

// A damaged log is moved aside while the gateway runs; what is read must be the file that is written.
Result<void> Forwarder::Impl::open_log() {
  const std::filesystem::path file = options.folder / breaches::kBreachesFile;
  struct stat there{};
  if (::stat(file.c_str(), &there) != 0) return {};
  if (breaches && there.st_ino == log_file) return {};
  place.reset();
  auto opened = store::Database::open(file, store::Database::Access::read);
  if (!opened) return std::unexpected(std::move(opened.error()));
  breaches = std::move(*opened);
  log_file = there.st_ino;
  return {};
}

Result<void> Forwarder::Impl::find_place() {
  if (auto opened = open_log(); !opened) return opened;
  if (place) return {};
  std::int64_t newest = 0;
  log_name.clear();
  if (breaches) {
    auto query = breaches->prepare("SELECT chain, (SELECT coalesce(max(seq), 0) FROM records) FROM head");
    if (!query) return std::unexpected(query.error());
    if (query->step() != store::Statement::Step::row) return std::unexpected(breaches->error("read"));
    log_name = query->text(0);
    newest = query->integer(1);
  }
  const auto text = read_file(options.folder / kPlaceFile, 256);
  if (!text) return remember(newest);
  std::int64_t kept = 0;
  const auto number = std::from_chars(text->data(), text->data() + text->size(), kept);
  if (number.ec != std::errc{} || kept < 0) return remember(newest);
  const std::string_view of_log(number.ptr, text->data() + text->size());
  if (of_log != ' ' + log_name + '\n') return remember(0);  // another log: from its first record
  place = std::min(kept, newest);
  return {};
}

Result<void> Forwarder::Impl::remember(std::int64_t seq) {
  place = seq;
  return replace_file(options.folder / kPlaceFile, std::to_string(seq) + ' ' + log_name + '\n');
}

void Forwarder::Impl::failed(const Error& why) {
  breaches.reset();  // it may have been moved aside meanwhile
  place.reset();
  const bool first = !std::exchange(failing, true);
  bool tell = false;
  {
    const std::lock_guard guard(mutex);
    ++counters.failed;
    if (!waiting_since) waiting_since = Steady::now();
    tell = !told && Steady::now() - *waiting_since >= kTellAfter;
  }
  if (first) log::warning("records and alarms are not forwarded", {{"why", why.text()}});
  if (!tell) return;
  told = true;
  if (options.on_trouble) options.on_trouble("Records and alarms are not forwarded: " + why.text());
}

void Forwarder::Impl::recovered() {
  {
    const std::lock_guard guard(mutex);
    waiting_since.reset();
  }
  if (std::exchange(failing, false)) log::info("records and alarms are forwarded again");
  if (std::exchange(told, false) && options.on_trouble)
    options.on_trouble("Records and alarms are forwarded again, with what waited.");
}

}  // namespace schoolgate::casework
