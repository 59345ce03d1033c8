// Why this file is long: it is one thread's whole round, from what happened to what was sent, read from top to bottom.

#include "casework/alerts/alerts.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"
#include "base/uuid.h"
#include "breaches/breach_store.h"
#include "casework/alerts/canary.h"
#include "casework/alerts/conflict_of_interest.h"
#include "casework/alerts/delivery.h"
#include "casework/alerts/notification_choices.h"
#include "casework/alerts/outbox.h"
#include "casework/alerts/school_hours.h"
#include "casework/desk_store.h"
#include "casework/shown_text.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;

constexpr const char* kAlertsFile = "alerts.db";
constexpr auto kLook = 30s;  // how often clock and outbox are looked at when nothing happens
constexpr auto kFirstPause = 15s, kLastPause = 3600s;
/// An alert is given up after a week in which it was tried: the first nine tries take an hour, all others an hour each.
/// Tries are counted, not days, since a gateway may be off and a clock may be wrong.
constexpr int kMostTries = 24 * 7 + 9;
constexpr auto kGiveUpAfter = 24h * 7, kForgetAfter = 24h * 90, kSystemEvery = 1h;
constexpr std::size_t kEpisodesAtOnce = 500, kEpisodesInDigest = 10'000, kAlertsAtOnce = 100, kMostInMemory = 1000;

constexpr int kClimbs = 5;  // urgency from which an episode is watched
constexpr std::size_t kMostCases = 1000;

std::string route_key(const AlertRoute& route) {
  std::string key = std::to_string(route.urgency) + '@' + std::to_string(route.daily_minute);
  for (const std::string& to : route.to) key += ' ' + to;
  return key;
}

}  // namespace

struct Alerts::Impl {
  struct Posted {
    std::string kind, text;
    SystemAudience audience = SystemAudience::technician;
  };

  AlertsOptions options;
  AlertPlace place;
  std::unique_ptr<Outbox> outbox;           // the thread's
  std::optional<store::Database> breaches;  // the thread's; reads only
  std::deque<OutboxAlert> in_memory;        // system alerts while the outbox cannot be written
  std::map<std::string, TimePoint> told;    // kinds of system alerts
  std::unique_ptr<DeskStore> desk;          // the thread's
  NotificationChoices choices;              // the thread's, as is the next; read once a round
  Duty duty;
  bool outbox_failing = false;
  std::mt19937_64 random{std::random_device{}()};

  mutable std::mutex mutex;
  std::condition_variable work, settled;
  std::shared_ptr<const AlertSettings> settings;
  std::vector<Posted> posted;
  std::vector<OutboxAlert> cases;         // records for the case system, not yet in the outbox
  std::uint64_t asked = 1, answered = 0;  // rounds of work
  AlertCounters counters;
  std::atomic<bool> stopping = false;
  std::thread thread;

  void run();
  TimePoint round(const AlertSettings& current, std::vector<Posted> troubles);
  Result<void> follow_episodes(const AlertSettings& current);
  Result<void> put_episode(const AlertSettings& current, const breaches::Episode& episode);
  Result<void> put_for(const AlertSettings& current, const breaches::Episode& episode,
                       const std::vector<std::string>& wanted, const std::string& kind, EpisodeNews news);
  Result<void> put_burst(const AlertSettings& current, const breaches::Episode& episode);
  Result<void> put_cases();
  Result<void> climb(const AlertSettings& current);
  Result<void> keep_canary(const AlertSettings& current);
  Result<DeskStore*> desk_store();
  void read_choices();
  Result<void> make_digests(const AlertSettings& current);
  Result<void> make_digest(const AlertSettings& current, const AlertRoute& route, Progress progress, std::int64_t today,
                           bool first_time);
  Result<void> put_system(const AlertSettings& current, const Posted& trouble);
  Result<void> send_due(const AlertSettings& current);
  void send_from_memory(const AlertSettings& current);
  Delivered deliver(const AlertSettings& current, const OutboxAlert& alert);
  Result<store::Database*> breach_database();
  TimePoint next_try(int attempts);
  void count(std::uint64_t AlertCounters::* counter) {
    const std::lock_guard guard(mutex);
    ++(counters.*counter);
  }
};

Alerts::Alerts() : impl_(std::make_unique<Impl>()) {}

Result<std::unique_ptr<Alerts>> Alerts::open(AlertsOptions options, AlertSettings settings) {
  std::unique_ptr<Alerts> alerts(new Alerts);
  Impl& impl = *alerts->impl_;
  impl.place = {options.school, options.gateway, options.local_time, {}};
  impl.options = std::move(options);
  impl.settings = std::make_shared<const AlertSettings>(std::move(settings));
  impl.thread = std::thread([&impl] {
    name_this_thread("alerts");
    impl.run();
  });
  return alerts;
}

Alerts::~Alerts() {
  if (!impl_->thread.joinable()) return;
  {
    const std::lock_guard guard(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->work.notify_one();
  impl_->thread.join();
}

void Alerts::apply(AlertSettings settings) {
  {
    const std::lock_guard guard(impl_->mutex);
    impl_->settings = std::make_shared<const AlertSettings>(std::move(settings));
    ++impl_->asked;
  }
  impl_->work.notify_one();
}

void Alerts::notice() {
  {
    const std::lock_guard guard(impl_->mutex);
    ++impl_->asked;
  }
  impl_->work.notify_one();
}

void Alerts::post_system_alert(std::string kind, std::string text, SystemAudience audience) {
  {
    const std::lock_guard guard(impl_->mutex);
    if (impl_->posted.size() >= kMostInMemory) {
      ++impl_->counters.suppressed;
      return;
    }
    impl_->posted.push_back({std::move(kind), std::move(text), audience});
    ++impl_->asked;
  }
  impl_->work.notify_one();
}

std::string Alerts::post_case(std::string json) {
  OutboxAlert alert;
  {
    const std::lock_guard guard(impl_->mutex);
    const AlertSettings& current = *impl_->settings;
    if (!std::ranges::any_of(current.webhooks, [&](const auto& hook) { return hook.name == current.case_system; }))
      return {};
    if (impl_->cases.size() >= kMostCases) return {};
    alert.id = Uuid::v7(impl_->options.now()).text();
    alert.key = "case/" + alert.id;
    alert.destination = current.case_system;
    alert.urgency = 3;
    alert.content.subject = "a record for the case system";
    alert.content.json = std::move(json);
    alert.created = alert.due = impl_->options.now();
    impl_->cases.push_back(alert);
    ++impl_->asked;
  }
  impl_->work.notify_one();
  return alert.id;
}

void Alerts::settle() {
  std::unique_lock guard(impl_->mutex);
  const std::uint64_t mine = ++impl_->asked;
  impl_->work.notify_one();
  impl_->settled.wait(guard, [&] { return impl_->answered >= mine || impl_->stopping; });
}

AlertCounters Alerts::counters() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->counters;
}

void Alerts::Impl::run() {
  TimePoint next = options.now();
  while (true) {
    std::shared_ptr<const AlertSettings> current;
    std::vector<Posted> troubles;
    std::uint64_t round_number = 0;
    {
      std::unique_lock guard(mutex);
      const auto pause = std::clamp<std::chrono::milliseconds>(next - options.now(), 0ms, kLook);
      work.wait_for(guard, pause, [&] { return stopping || asked > answered; });
      if (stopping) break;
      current = settings;
      troubles = std::exchange(posted, {});
      round_number = asked;
    }
    next = round(*current, std::move(troubles));
    {
      const std::lock_guard guard(mutex);
      answered = round_number;
    }
    settled.notify_all();
  }
  settled.notify_all();
}

// One round of all there is to do; returns when the next one is due.
TimePoint Alerts::Impl::round(const AlertSettings& current, std::vector<Posted> troubles) {
  place.console = current.console;
  while (place.console.ends_with('/')) place.console.pop_back();
  const auto work_through = [&]() -> Result<void> {
    if (!outbox) {
      auto opened = Outbox::open(options.folder / kAlertsFile);
      if (!opened) return std::unexpected(opened.error());
      outbox = *std::move(opened);
    }
    while (!troubles.empty()) {
      if (auto put = put_system(current, troubles.back()); !put) return put;
      troubles.pop_back();
    }
    read_choices();
    if (auto back = outbox->bring_back(options.now(), kLastPause * 2); !back) return back;
    if (auto followed = follow_episodes(current); !followed) return followed;
    if (auto put = put_cases(); !put) return put;
    if (auto climbed = climb(current); !climbed) return climbed;
    if (auto kept = keep_canary(current); !kept) return kept;
    if (auto made = make_digests(current); !made) return made;
    return send_due(current);
  };
  auto done = work_through();
  TimePoint next = options.now() + kLook;
  if (done) {
    if (auto waiting = outbox->waiting()) {
      const std::lock_guard guard(mutex);
      counters.waiting = *waiting + in_memory.size();
    }
    if (auto due = outbox->next_due(); due && *due) next = std::min(next, **due);
    if (std::exchange(outbox_failing, false)) log::info("the alert outbox works again", {});
  } else {
    outbox.reset();  // what is on disk is what counts
    if (!std::exchange(outbox_failing, true))
      log::error("alerts cannot be kept on disk, or not be made", {{"why", done.error().text()}});
    // Whatever failed, alerts that were made already go out: one of them may tell of the failure.
    if (auto again = Outbox::open(options.folder / kAlertsFile)) outbox = *std::move(again);
    for (const Posted& trouble : troubles) {
      if (put_system(current, trouble)) continue;
      outbox.reset();
      [[maybe_unused]] const auto kept_in_memory = put_system(current, trouble);
    }
    if (outbox && !send_due(current)) outbox.reset();
  }
  send_from_memory(current);
  return next;
}

Result<store::Database*> Alerts::Impl::breach_database() {
  if (!breaches) {
    auto opened = store::Database::open(options.folder / breaches::kBreachesFile, store::Database::Access::read);
    if (!opened) return std::unexpected(opened.error());
    breaches = *std::move(opened);
  }
  return &*breaches;
}

Result<void> Alerts::Impl::follow_episodes(const AlertSettings& current) {
  auto database = breach_database();
  if (!database) return {};  // no log yet, or it fails, which it tells itself: the next round looks again
  while (true) {
    auto head = store::read_head(**database);
    if (!head || head->chain.empty()) {
      breaches.reset();
      return {};
    }
    auto progress = outbox->progress("now");
    if (!progress) return std::unexpected(progress.error());
    Progress at = progress->value_or(Progress{});
    if (at.chain != head->chain) at = {.chain = head->chain, .seq = 0, .day = 0};
    // An outbox that is new beside a log that is not: a year of old news in one night would bury what matters.
    if (!*progress) {
      auto begin = breaches::episodes_ended_before(**database, options.now() - 24h);
      if (!begin) {
        breaches.reset();
        return {};
      }
      at.seq = *begin;
    }
    auto episodes = breaches::episodes_changed_since(**database, at.seq, kEpisodesAtOnce);
    if (!episodes) {
      breaches.reset();
      return {};
    }
    if (episodes->empty()) return {};

    auto transaction = outbox->begin();
    if (!transaction) return std::unexpected(transaction.error());
    for (const breaches::Episode& episode : *episodes)
      if (auto put = put_episode(current, episode); !put) return put;
    at.seq = episodes->back().through_seq;
    if (auto kept = outbox->set_progress("now", at); !kept) return kept;
    if (auto committed = transaction->commit(); !committed) return committed;
  }
}

Result<void> Alerts::Impl::put_episode(const AlertSettings& current, const breaches::Episode& episode) {
  std::vector<std::string> wanted;
  for (const AlertRoute& route : current.routes)
    if (!route.daily && episode.urgency >= route.urgency) wanted.insert(wanted.end(), route.to.begin(), route.to.end());
  if (auto put = put_for(current, episode, wanted, "episode", EpisodeNews::first); !put) return put;
  if (episode.urgency >= kClimbs && !current.escalation.empty())
    if (auto watched = outbox->watch(episode.id, options.now()); !watched) return watched;
  return episode.many_hosts ? put_burst(current, episode) : Result<void>();
}

// Once each, whatever the number of routes that name a destination; and once more when it has become more urgent.
Result<void> Alerts::Impl::put_for(const AlertSettings& current, const breaches::Episode& episode,
                                   const std::vector<std::string>& wanted, const std::string& kind, EpisodeNews news) {
  const TimePoint now = options.now();
  for (const auto& [destination, due] :
       told_by_choice(current, wanted, episode, choices, duty, options.local_time, now)) {
    std::string key = kind + '/' + episode.id + '/' + destination;
    EpisodeNews told_as = news;
    auto known = outbox->find(key);
    if (!known) return std::unexpected(known.error());
    if (*known && (*known)->state != Outbox::State::waiting) {
      if (news != EpisodeNews::first || episode.urgency <= (*known)->urgency) continue;
      told_as = EpisodeNews::more_urgent;
      key = "update/" + episode.id + '/' + destination;
      known = outbox->find(key);
      if (!known) return std::unexpected(known.error());
      if (*known && (*known)->state != Outbox::State::waiting) continue;
    }
    const std::string id = *known ? (*known)->id : Uuid::v7(now).text();
    if (auto put = outbox->put({.id = id,
                                .key = std::move(key),
                                .destination = destination,
                                .urgency = episode.urgency,
                                .content = episode_alert(place, episode, id, told_as),
                                .created = now,
                                .due = news == EpisodeNews::first ? now + options.hold : now,
                                .attempts = 0,
                                .not_before = due > now ? due : TimePoint{}});
        !put)
      return put;
  }
  return {};
}

Result<void> Alerts::Impl::put_burst(const AlertSettings& current, const breaches::Episode& episode) {
  if (!std::ranges::any_of(current.recipients, [](const Recipient& r) { return r.id == "it"; })) return {};
  const TimePoint now = options.now();
  for (const std::string& destination : destinations_for(current, {"it"}, episode)) {
    const std::string key = "burst/" + episode.id + '/' + destination;
    auto known = outbox->find(key);
    if (!known) return std::unexpected(known.error());
    if (*known) continue;
    const std::string id = Uuid::v7(now).text();
    if (auto put = outbox->put({.id = id,
                                .key = key,
                                .destination = destination,
                                .urgency = 4,
                                .content = burst_alert(place, episode, id),
                                .created = now,
                                .due = now,
                                .attempts = 0});
        !put)
      return put;
  }
  return {};
}

Result<void> Alerts::Impl::put_cases() {
  std::vector<OutboxAlert> waiting;
  {
    const std::lock_guard guard(mutex);
    waiting.swap(cases);
  }
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (auto put = outbox->put(waiting[i]); !put) {
      const std::lock_guard guard(mutex);
      cases.insert(cases.begin(), std::make_move_iterator(waiting.begin() + std::ptrdiff_t(i)),
                   std::make_move_iterator(waiting.end()));
      return put;
    }
  }
  return {};
}

Result<DeskStore*> Alerts::Impl::desk_store() {
  if (!desk) {
    auto opened = DeskStore::open(options.folder);
    if (!opened) return std::unexpected(opened.error());
    desk = *std::move(opened);
  }
  return desk.get();
}

// Where they cannot be read nobody chose anything and nobody is away: rather one mail too many.
void Alerts::Impl::read_choices() {
  choices.clear();
  duty = {};
  std::error_code failed;
  if (!std::filesystem::exists(options.folder / kDeskFile, failed)) return;
  auto store = desk_store();
  if (!store) return;
  auto chosen = NotificationBook(**store).read();
  auto book = DutyBook(**store).read();
  if (!chosen || !book) {
    desk.reset();
    return;
  }
  choices = *std::move(chosen);
  duty = *std::move(book);
  if (!options.leaders) return;
  auto leaders = options.leaders();
  if (!leaders) duty.absences.clear();
  duty.leaders = leaders ? *std::move(leaders) : std::set<std::string, std::less<>>();
}

// Whether somebody has taken an episode up is the desk's to say. When it cannot be asked, it climbs: rather one mail
// too many.
Result<void> Alerts::Impl::climb(const AlertSettings& current) {
  auto watches = outbox->watches();
  if (!watches) return std::unexpected(watches.error());
  if (watches->empty()) return {};
  auto store = desk_store();
  const TimePoint now = options.now();
  for (const Watch& watch : *watches) {
    if (store) {
      const auto taken_up = (*store)->is_taken_up(watch.episode);
      if (!taken_up) desk.reset();
      if (taken_up && *taken_up) {
        if (auto ended = outbox->set_watch(watch.episode, std::nullopt); !ended) return ended;
        continue;
      }
      if (!taken_up) store = std::unexpected(taken_up.error());
    }
    std::size_t step = watch.step;
    const auto waited = school_time_between(watch.begun, now, current.school_hours, options.local_time);
    while (step < current.escalation.size() && waited >= current.escalation[step].after) {
      auto database = breach_database();
      if (!database) return {};
      auto episode = breaches::episode_by_id(**database, watch.episode);
      if (!episode) {
        breaches.reset();
        return {};
      }
      if (*episode)
        if (auto put = put_for(current, **episode, current.escalation[step].to, "climb" + std::to_string(step),
                               EpisodeNews::unacknowledged);
            !put)
          return put;
      ++step;
      if (auto moved = outbox->set_watch(watch.episode, step); !moved) return moved;
    }
    // The last step is taken, or it has been so long that nobody waits for it any more.
    if (step >= current.escalation.size() || (now - watch.begun > kGiveUpAfter && options.believes_clock()))
      if (auto ended = outbox->set_watch(watch.episode, std::nullopt); !ended) return ended;
  }
  return {};
}

Result<void> Alerts::Impl::keep_canary(const AlertSettings& current) {
  if (!current.canary || place.console.empty() || current.canary->to.empty()) return {};
  auto store = desk_store();
  if (!store) return {};  // said by the console, which needs it more
  auto kept = casework::keep_canary(*current.canary, place, *outbox, **store, options.now());
  if (!kept) return std::unexpected(kept.error());
  if (!kept->desk_works) desk.reset();
  if (kept->unconfirmed_since)
    return put_system(
        current, {"the weekly test was not confirmed",
                  "the weekly test mail of " + to_rfc3339(*kept->unconfirmed_since) +
                      " was not confirmed within 24 hours: alerts may not arrive; check mail server and addresses"});
  return {};
}

Result<void> Alerts::Impl::make_digests(const AlertSettings& current) {
  const TimePoint now = options.now();
  const auto utc_day = std::chrono::floor<std::chrono::days>(now);
  const auto known_local = options.local_time ? options.local_time(now) : std::nullopt;
  const LocalTime local =
      known_local.value_or(LocalTime{utc_day, int(std::chrono::floor<std::chrono::minutes>(now - utc_day).count())});
  const std::int64_t today = local.day.time_since_epoch().count();
  for (const AlertRoute& route : current.routes) {
    if (!route.daily) continue;
    auto progress = outbox->progress("daily " + route_key(route));
    if (!progress) return std::unexpected(progress.error());
    const bool first_time = !progress->has_value();
    // What was missed is owed at once, not with the next one. A day of the future was noted by a clock that was ahead:
    // today's digest is still owed.
    const bool has_come = local.minute >= route.daily_minute;
    const std::int64_t due = has_come ? today : today - 1;
    if (!first_time && ((*progress)->day > today ? !has_come : (*progress)->day >= due)) continue;
    if (auto made = make_digest(current, route, progress->value_or(Progress{}), due, first_time); !made) return made;
  }
  return {};
}

// The first time only notes where the route begins, with the day before it: what is older is nobody's news.
Result<void> Alerts::Impl::make_digest(const AlertSettings& current, const AlertRoute& route, Progress progress,
                                       std::int64_t today, bool first_time) {
  auto database = breach_database();
  if (!database) return {};
  auto head = store::read_head(**database);
  if (!head || head->chain.empty()) {
    breaches.reset();
    return {};
  }
  if (progress.chain != head->chain) progress = {.chain = head->chain, .seq = 0, .day = progress.day};
  progress.day = today;
  std::vector<breaches::Episode> episodes;
  std::map<std::string, std::vector<breaches::Episode>> digests;
  // Of several daily routes the first one takes what people chose to have in a digest.
  const auto first_daily = std::ranges::find_if(current.routes, &AlertRoute::daily);
  const bool takes_choices = first_daily != current.routes.end() && route_key(*first_daily) == route_key(route);
  if (first_time) {
    const auto begin = breaches::episodes_ended_before(**database, options.now() - 24h);
    if (!begin) return breaches.reset(), Result<void>();
    progress.seq = *begin;
  } else {
    auto changed = breaches::episodes_changed_since(**database, progress.seq, kEpisodesInDigest);
    if (!changed) {
      breaches.reset();
      return {};
    }
    if (!changed->empty()) progress.seq = changed->back().through_seq;
    for (breaches::Episode& episode : *changed) {
      if (takes_choices)
        for (const std::string& destination :
             digest_by_choice(current, episode, choices, duty, options.local_time, options.now()))
          digests[destination].push_back(episode);
      if (episode.urgency >= route.urgency) episodes.push_back(std::move(episode));
    }
  }

  auto transaction = outbox->begin();
  if (!transaction) return std::unexpected(transaction.error());
  const TimePoint now = options.now();
  for (const breaches::Episode& episode : episodes)
    for (const std::string& destination : destinations_for(current, route.to, episode))
      digests[destination].push_back(episode);
  for (const auto& [destination, told_of] : digests) {
    const std::string id = Uuid::v7(now).text();
    std::string key = "digest/" + std::to_string(today) + '/' + route_key(route) + '/' + destination;
    const auto known = outbox->find(key);
    if (!known) return std::unexpected(known.error());
    if (*known) key += '/' + id;  // a clock that was ahead has sent one of that day already, with other news
    if (auto put = outbox->put({.id = id,
                                .key = std::move(key),
                                .destination = destination,
                                .urgency = 1,
                                .content = digest_alert(place, told_of, id, now, head->seq, head->hash),
                                .created = now,
                                .due = now,
                                .attempts = 0});
        !put)
      return put;
  }
  if (auto kept = outbox->set_progress("daily " + route_key(route), progress); !kept) return kept;
  return transaction->commit();
}

Result<void> Alerts::Impl::put_system(const AlertSettings& current, const Posted& trouble) {
  const TimePoint now = options.now();
  const std::string prefix = "system/" + trouble.kind + '/';
  std::optional<TimePoint> before;
  if (const auto known = told.find(trouble.kind); known != told.end()) before = known->second;
  if (!before && outbox) {
    auto newest = outbox->newest_with_prefix(prefix, now);
    if (!newest) return std::unexpected(newest.error());
    before = *newest;
  }
  if (before && *before <= now && now - *before < kSystemEvery) {  // a mark of the future mutes nothing
    count(&AlertCounters::suppressed);
    return {};
  }

  std::set<std::string> destinations;
  const bool has_it = std::ranges::any_of(current.recipients, [](const Recipient& r) { return r.id == "it"; });
  if (has_it) destinations.insert("it");
  if (!has_it || trouble.audience == SystemAudience::technician_and_lead) {
    for (const AlertRoute& route : current.routes)
      if (!route.daily) destinations.insert(route.to.begin(), route.to.end());
  }
  for (const std::string& destination : destinations) {
    OutboxAlert alert;
    alert.id = Uuid::v7(now).text();
    alert.key = prefix + std::to_string(now.time_since_epoch().count()) + '/' + destination;
    alert.destination = destination;
    alert.urgency = 4;
    alert.content = system_alert(place, trouble.kind, trouble.text, alert.id, now);
    alert.created = alert.due = now;
    if (outbox) {
      if (auto put = outbox->put(alert); !put) return put;
    } else if (in_memory.size() < kMostInMemory) {
      in_memory.push_back(std::move(alert));
    }
  }
  told[trouble.kind] = now;
  if (told.size() > kMostInMemory) told.clear();
  return {};
}

TimePoint Alerts::Impl::next_try(int attempts) {
  auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(kLastPause);
  if (attempts < 9) pause = std::min<std::chrono::milliseconds>(pause, kFirstPause * (1 << std::max(0, attempts - 1)));
  const auto fifth = std::uniform_int_distribution<std::int64_t>(-pause.count() / 5, pause.count() / 5)(random);
  return options.now() + pause + std::chrono::milliseconds(fifth);
}

Result<void> Alerts::Impl::send_due(const AlertSettings& current) {
  const TimePoint now = options.now();
  auto due = outbox->due(now, kAlertsAtOnce);
  if (!due) return std::unexpected(due.error());
  std::map<std::string, TimePoint> down;  // "mail" or a webhook's name, and when it is tried again
  for (const OutboxAlert& alert : *due) {
    if (stopping) return {};
    const bool by_webhook =
        std::ranges::any_of(current.webhooks, [&](const WebhookSettings& w) { return w.name == alert.destination; });
    const bool by_mail = std::ranges::any_of(
        current.recipients, [&](const Recipient& r) { return r.id == alert.destination && !r.email.empty(); });
    const bool has_destination = by_webhook || (by_mail && current.mail);
    if (!has_destination || (alert.attempts >= kMostTries && options.believes_clock())) {
      log::warning("an alert is given up", {{"alert", alert.id},
                                            {"destination", alert.destination},
                                            {"why", has_destination ? "a week of tries" : "no such destination"}});
      count(&AlertCounters::given_up);
      if (auto set = outbox->set_state(alert.id, Outbox::State::given_up); !set) return set;
      continue;
    }
    const std::string endpoint = by_webhook ? alert.destination : "mail";
    if (const auto known = down.find(endpoint); known != down.end()) {
      if (auto set = outbox->try_again(alert.id, known->second, alert.attempts + 1); !set) return set;
      continue;
    }
    const Delivered delivered = deliver(current, alert);
    if (delivered) {
      count(&AlertCounters::sent);
      if (auto set = outbox->set_state(alert.id, Outbox::State::sent); !set) return set;
      continue;
    }
    if (stopping) return {};
    count(&AlertCounters::failed);
    const TimePoint again = next_try(alert.attempts + 1);
    log::warning("an alert could not be sent; it is tried again",
                 {{"alert", alert.id}, {"destination", alert.destination}, {"why", delivered.error().why}});
    if (delivered.error().kind == DeliveryFailure::Kind::unreachable) down[endpoint] = again;
    if (auto set = outbox->try_again(alert.id, again, alert.attempts + 1); !set) return set;
  }
  return options.believes_clock() ? outbox->forget_before(now - kForgetAfter) : Result<void>();
}

void Alerts::Impl::send_from_memory(const AlertSettings& current) {
  const TimePoint now = options.now();
  for (std::size_t left = in_memory.size(); left > 0 && !stopping; --left) {
    OutboxAlert alert = std::move(in_memory.front());
    in_memory.pop_front();
    if (alert.due <= now) {
      if (deliver(current, alert)) {
        count(&AlertCounters::sent);
        continue;
      }
      count(&AlertCounters::failed);
      alert.due = next_try(++alert.attempts);
    }
    if (alert.attempts < kMostTries) in_memory.push_back(std::move(alert));
  }
}

Delivered Alerts::Impl::deliver(const AlertSettings& current, const OutboxAlert& alert) {
  const auto webhook = std::ranges::find(current.webhooks, alert.destination, &WebhookSettings::name);
  if (webhook != current.webhooks.end())
    return call_webhook(*webhook, {.alert_id = alert.id, .json = alert.content.json, .now = options.now()}, stopping);
  const auto recipient = std::ranges::find(current.recipients, alert.destination, &Recipient::id);
  if (recipient == current.recipients.end() || !current.mail)
    return std::unexpected(DeliveryFailure{DeliveryFailure::Kind::refused, "no such destination"});
  return send_mail(*current.mail,
                   {.from = current.mail->from,
                    .to = recipient->email,
                    .subject = alert.content.subject,
                    .text = alert.content.text,
                    .id = alert.id,
                    .date = alert.created,
                    .important = alert.urgency >= 4},
                   stopping);
}

}  // namespace schoolgate::casework
