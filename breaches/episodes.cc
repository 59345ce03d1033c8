#include "breaches/episodes.h"

#include <algorithm>
#include <cstring>

#include "breaches/record.h"
#include "breaches/urgency.h"

namespace schoolgate::breaches {
namespace {

constexpr std::size_t kMostSites = 64;     // bounds the marks kept for an episode
constexpr std::size_t kMostOpen = 50'000;  // people times themes within a quarter of an hour: far above any school

constexpr std::size_t kMostBursts = 4096, kMostBurstSites = 2 * kManyHosts;
constexpr std::chrono::minutes kBurst{1};
constexpr int kNamedSites = 3;

constexpr const char* kSchema = R"(
  CREATE TABLE IF NOT EXISTS episodes(id TEXT PRIMARY KEY, reference TEXT NOT NULL, who TEXT NOT NULL,
    grp TEXT NOT NULL, theme TEXT NOT NULL, person TEXT NOT NULL, device TEXT NOT NULL, confidence TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, attempts INTEGER NOT NULL, by_user INTEGER NOT NULL,
    by_page INTEGER NOT NULL, let_through INTEGER NOT NULL, urgency INTEGER NOT NULL,
    category_urgency INTEGER NOT NULL, illegal INTEGER NOT NULL, many_hosts INTEGER NOT NULL, sealed INTEGER NOT NULL,
    site_names TEXT NOT NULL, sites INTEGER NOT NULL, site_marks BLOB NOT NULL,
    through_seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS episodes_by_change ON episodes(through_seq);
  CREATE INDEX IF NOT EXISTS episodes_by_time ON episodes(last);
  CREATE INDEX IF NOT EXISTS episodes_by_reference ON episodes(reference);
  CREATE INDEX IF NOT EXISTS episodes_by_who ON episodes(who, last);
)";

// The table of earlier versions knew less: it is made again from the records, which carry their episode's id.
Result<void> drop_older_table(store::Database& database) {
  auto query = database.prepare(
      "SELECT (SELECT count(*) FROM pragma_table_info('episodes')),"
      " (SELECT count(*) FROM pragma_table_info('episodes') WHERE name = 'category_urgency')");
  if (!query) return std::unexpected(query.error());
  if (query->step() != store::Statement::Step::row) return std::unexpected(database.error("read"));
  const bool is_older = query->integer(0) > 0 && query->integer(1) == 0;
  query->reset();
  return is_older ? database.run("DROP TABLE episodes") : Result<void>();
}

// How sure the gateway was of the person, weakest first.
int rank_of(std::string_view confidence) noexcept {
  constexpr std::string_view kRanks[] = {"unknown", "network", "device", "class", "login"};
  return int(std::ranges::find(kRanks, confidence) - std::begin(kRanks));
}

Initiated initiated_from(std::string_view text) noexcept {
  return text == "user" ? Initiated::user : text == "page" ? Initiated::page : Initiated::unknown;
}

// FNV-1a: the marks only count different sites, and those of sealed addresses are taken from their keyed hash.
std::uint64_t mark_of(std::string_view site) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : site) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::uint64_t site_mark(const Breach& breach, const store::StateKey& key) {
  return mark_of(is_withheld(breach.reason) ? sealed_hash(key, breach.site) : breach.site);
}

// Uuid::reference() of an id that is only here as text.
std::string reference_of(std::string_view id) {
  static constexpr char kCrockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::uint64_t bits = 0;
  for (const char c : id) {
    if (c == '-') continue;
    bits = bits << 4 | std::uint64_t(c <= '9' ? c - '0' : c - 'a' + 10);  // what does not fit is the time, left behind
  }
  std::string out;
  for (int shift = 45; shift >= 0; shift -= 5) {
    out += kCrockford[(bits >> shift) & 31];
    if (out.size() == 4) out += '-';
  }
  return out;
}

TimePoint time_from(std::int64_t ms) { return TimePoint(std::chrono::milliseconds(ms)); }

}  // namespace

Result<EpisodeTracker> EpisodeTracker::open(store::Database& database, const store::StateKey& key) {
  if (auto dropped = drop_older_table(database); !dropped) return std::unexpected(dropped.error());
  if (auto made = database.run(kSchema); !made) return std::unexpected(made.error());
  EpisodeTracker tracker(database, key);
  auto upsert = database.prepare("INSERT OR REPLACE INTO episodes(" + std::string(kEpisodeColumns) +
                                 ", who, site_marks) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
                                 " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)");
  if (!upsert) return std::unexpected(upsert.error());
  tracker.upsert_ = *std::move(upsert);
  if (auto loaded = tracker.load(); !loaded) return std::unexpected(loaded.error());
  if (auto added = tracker.add_unsummed(); !added) return std::unexpected(added.error());
  return tracker;
}

Result<void> EpisodeTracker::load() {
  auto query = database_->prepare("SELECT " + std::string(kEpisodeColumns) +
                                  ", who, site_marks FROM episodes WHERE last > (SELECT max(last) FROM episodes) - ?1"
                                  " ORDER BY last");
  if (!query) return std::unexpected(query.error());
  query->bind(1, std::int64_t(std::chrono::milliseconds(kEpisodeGap).count()));
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step()) {
    Open open;
    open.who = query->text(kEpisodeColumnCount);
    open.episode = read_episode(*query);
    const std::string_view marks = query->text(kEpisodeColumnCount + 1);
    open.site_marks.resize(marks.size() / sizeof(std::uint64_t));
    std::memcpy(open.site_marks.data(), marks.data(), open.site_marks.size() * sizeof(std::uint64_t));
    open_[open.who + '\n' + open.episode.theme] = std::move(open);
  }
  if (step == store::Statement::Step::failed) return std::unexpected(database_->error("read"));
  return {};
}

Result<void> EpisodeTracker::add_unsummed() {
  auto query = database_->prepare(
      "SELECT seq, time, json_extract(record, '$.person'), json_extract(record, '$.device'),"
      " json_extract(record, '$.group'), json_extract(record, '$.theme'), json_extract(record, '$.urgency'),"
      " json_extract(record, '$.reason.tier'), json_extract(record, '$.site'), json_extract(record, '$.site_hash'),"
      " json_extract(record, '$.episode'), json_extract(record, '$.confidence'), json_extract(record, '$.action'),"
      " json_extract(record, '$.initiated'), coalesce(json_extract(record, '$.attempts'), 1) FROM records"
      " WHERE seq > (SELECT coalesce(max(through_seq), 0) FROM episodes) AND json_valid(record)"
      " AND json_extract(record, '$.confidence') IS NOT ?1 ORDER BY seq");
  if (!query) return std::unexpected(query.error());
  query->bind(1, kSelftest);
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step()) {
    const std::string person(query->text(2)), device(query->text(3)), group(query->text(4)), theme(query->text(5));
    const std::string who = query->is_null(2) ? "device " + device : "person " + person;
    const std::string site(query->text(8)), id(query->text(10)), confidence(query->text(11));
    const bool sealed = !query->is_null(9);
    const Attempt attempt{.who = who,
                          .person = person,
                          .device = device,
                          .confidence = confidence,
                          .group = group,
                          .theme = theme,
                          .site = sealed ? std::string_view() : std::string_view(site),
                          .time = time_from(query->integer(1)),
                          .urgency = int(query->integer(6)),
                          .illegal = query->text(7) == "illegal",
                          .let_through = query->text(12) != "block",
                          .sealed = sealed,
                          .initiated = initiated_from(query->text(13)),
                          .site_mark = mark_of(query->text(sealed ? 9 : 8)),
                          .attempts = std::uint64_t(query->integer(14))};
    add(find_or_begin(attempt, id), attempt, std::uint64_t(query->integer(0)));
  }
  if (step == store::Statement::Step::failed) return std::unexpected(database_->error("read"));
  return {};
}

EpisodeTracker::Open& EpisodeTracker::find_or_begin(const Attempt& attempt, std::string_view id_or_empty) {
  lookup_.assign(attempt.who).append(1, '\n').append(attempt.theme);
  auto found = open_.find(lookup_);
  if (found != open_.end()) {
    const Episode& episode = found->second.episode;
    const bool same = id_or_empty.empty()
                          ? attempt.time < episode.last + kEpisodeGap && attempt.time > episode.first - kEpisodeGap
                          : episode.id == id_or_empty;
    if (same) return found->second;
    if (found->second.changed) {
      std::erase(changed_, &found->second);
      ended_.push_back(std::move(found->second));
    }
  } else {
    found = open_.emplace(lookup_, Open{}).first;
  }
  found->second = Open{};
  found->second.who = attempt.who;
  Episode& episode = found->second.episode;
  episode.id = id_or_empty.empty() ? Uuid::v7(attempt.time).text() : std::string(id_or_empty);
  episode.reference = reference_of(episode.id);
  episode.group = attempt.group;
  episode.theme = attempt.theme;
  episode.person = attempt.person;
  episode.device = attempt.device;
  episode.confidence = attempt.confidence;
  episode.first = episode.last = attempt.time;
  return found->second;
}

void EpisodeTracker::add(Open& open, const Attempt& attempt, std::uint64_t seq) {
  Episode& episode = open.episode;
  episode.first = std::min(episode.first, attempt.time);
  episode.last = std::max(episode.last, attempt.time);
  episode.attempts += attempt.attempts;
  if (attempt.initiated == Initiated::user) episode.by_user += attempt.attempts;
  if (attempt.initiated == Initiated::page) episode.by_page += attempt.attempts;
  if (attempt.let_through) episode.let_through += attempt.attempts;
  episode.category_urgency = std::max(episode.category_urgency, attempt.urgency);
  episode.illegal |= attempt.illegal;
  episode.sealed |= attempt.sealed;
  if (rank_of(attempt.confidence) < rank_of(episode.confidence)) episode.confidence = attempt.confidence;
  episode.through_seq = seq;
  if (open.site_marks.size() < kMostSites &&
      std::ranges::find(open.site_marks, attempt.site_mark) == open.site_marks.end()) {
    open.site_marks.push_back(attempt.site_mark);
    episode.sites = open.site_marks.size();
    if (!attempt.site.empty() && std::ranges::count(episode.site_names, '\n') < kNamedSites)
      episode.site_names.append(attempt.site.substr(0, 255)).append(1, '\n');
  }
  episode.many_hosts |= is_burst(attempt);
  episode.urgency = urgency_level({.category_urgency = episode.category_urgency,
                                   .illegal = episode.illegal,
                                   .attempts = episode.attempts,
                                   .by_page = episode.by_page,
                                   .sites = episode.sites,
                                   .span = episode.last - episode.first,
                                   .many_hosts = episode.many_hosts});
  if (!open.changed) {
    open.changed = true;
    changed_.push_back(&open);
  }
}

// Adverts and the like do not count: any page loads a dozen of them.
bool EpisodeTracker::is_burst(const Attempt& attempt) {
  if (attempt.urgency < 2) return false;
  if (bursts_.size() > kMostBursts) bursts_.clear();
  auto& sites = bursts_[std::string(attempt.device)].sites;
  std::erase_if(sites, [&](const auto& one) {
    return one.second == attempt.site_mark || one.first + kBurst <= attempt.time || one.first > attempt.time + kBurst;
  });
  if (sites.size() >= kMostBurstSites) sites.erase(sites.begin());
  sites.emplace_back(attempt.time, attempt.site_mark);
  return sites.size() >= kManyHosts;
}

// Valid until the next call.
EpisodeTracker::Attempt EpisodeTracker::attempt_of(const Breach& breach) {
  who_.assign(breach.person ? "person " : "device ").append(breach.person ? *breach.person : breach.device);
  const bool sealed = is_withheld(breach.reason);
  return {.who = who_,
          .person = breach.person ? std::string_view(*breach.person) : std::string_view(),
          .device = breach.device,
          .confidence = breach.confidence,
          .group = breach.group,
          .theme = breach.reason.theme,
          .site = sealed ? std::string_view() : std::string_view(breach.site),
          .time = breach.time,
          .urgency = breach.reason.urgency,
          .illegal = breach.reason.illegal,
          .let_through = breach.action != "block",
          .sealed = sealed,
          .initiated = breach.initiated,
          .site_mark = site_mark(breach, *key_),
          .attempts = breach.attempts};
}

std::string_view EpisodeTracker::assign(const Breach& breach, std::uint64_t seq) {
  const Attempt attempt = attempt_of(breach);
  Open& open = find_or_begin(attempt, {});
  add(open, attempt, seq);
  return open.episode.id;
}

std::string_view EpisodeTracker::current(const Breach& breach) {
  const Attempt attempt = attempt_of(breach);
  return find_or_begin(attempt, {}).episode.id;
}

bool EpisodeTracker::store() {
  const auto put = [this](Open& open) {
    const Episode& e = open.episode;
    const std::string_view marks(reinterpret_cast<const char*>(open.site_marks.data()),
                                 open.site_marks.size() * sizeof(std::uint64_t));
    return upsert_.bind(1, e.id)
        .bind(2, e.reference)
        .bind(3, e.group)
        .bind(4, e.theme)
        .bind(5, e.person)
        .bind(6, e.device)
        .bind(7, e.confidence)
        .bind(8, e.first.time_since_epoch().count())
        .bind(9, e.last.time_since_epoch().count())
        .bind(10, std::int64_t(e.attempts))
        .bind(11, std::int64_t(e.by_user))
        .bind(12, std::int64_t(e.by_page))
        .bind(13, std::int64_t(e.let_through))
        .bind(14, std::int64_t(e.urgency))
        .bind(15, std::int64_t(e.category_urgency))
        .bind(16, std::int64_t(e.illegal))
        .bind(17, std::int64_t(e.many_hosts))
        .bind(18, std::int64_t(e.sealed))
        .bind(19, e.site_names)
        .bind(20, std::int64_t(e.sites))
        .bind(21, std::int64_t(e.through_seq))
        .bind(22, open.who)
        .bind_blob(23, marks)
        .run();
  };
  for (Open& open : ended_)
    if (!put(open)) return false;
  for (Open* open : changed_) {
    if (!put(*open)) return false;
    open->changed = false;
  }
  ended_.clear();
  changed_.clear();
  return true;
}

void EpisodeTracker::forget_ended(TimePoint now) {
  if (has_changes()) return;
  std::erase_if(open_, [&](const auto& entry) { return entry.second.episode.last + kEpisodeGap <= now; });
  std::erase_if(bursts_, [&](const auto& entry) {
    return entry.second.sites.empty() || entry.second.sites.back().first + kBurst <= now;
  });
  if (open_.size() > kMostOpen) open_.clear();  // their next attempt begins a new episode
}

Episode read_episode(store::Statement& row) {
  return {.id = std::string(row.text(0)),
          .reference = std::string(row.text(1)),
          .group = std::string(row.text(2)),
          .theme = std::string(row.text(3)),
          .person = std::string(row.text(4)),
          .device = std::string(row.text(5)),
          .confidence = std::string(row.text(6)),
          .first = time_from(row.integer(7)),
          .last = time_from(row.integer(8)),
          .attempts = std::uint64_t(row.integer(9)),
          .by_user = std::uint64_t(row.integer(10)),
          .by_page = std::uint64_t(row.integer(11)),
          .let_through = std::uint64_t(row.integer(12)),
          .urgency = int(row.integer(13)),
          .category_urgency = int(row.integer(14)),
          .illegal = row.integer(15) != 0,
          .many_hosts = row.integer(16) != 0,
          .sealed = row.integer(17) != 0,
          .site_names = std::string(row.text(18)),
          .sites = std::size_t(row.integer(19)),
          .through_seq = std::uint64_t(row.integer(20))};
}

Result<std::vector<Episode>> episodes_changed_since(store::Database& database, std::uint64_t after_seq,
                                                    std::size_t limit) {
  auto query = database.prepare("SELECT " + std::string(kEpisodeColumns) +
                                " FROM episodes WHERE through_seq > ?1 ORDER BY through_seq LIMIT ?2");
  if (!query) return std::unexpected(query.error());
  query->bind(1, std::int64_t(after_seq)).bind(2, std::int64_t(limit));
  std::vector<Episode> episodes;
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step()) episodes.push_back(read_episode(*query));
  if (step == store::Statement::Step::failed) return std::unexpected(database.error("read"));
  return episodes;
}

Result<std::optional<Episode>> episode_by_id(store::Database& database, std::string_view id) {
  auto query = database.prepare("SELECT " + std::string(kEpisodeColumns) + " FROM episodes WHERE id = ?1");
  if (!query) return std::unexpected(query.error());
  switch (query->bind(1, id).step()) {
    case store::Statement::Step::failed: return std::unexpected(database.error("read"));
    case store::Statement::Step::done: return std::optional<Episode>();
    case store::Statement::Step::row: break;
  }
  return read_episode(*query);
}

Result<std::uint64_t> episodes_ended_before(store::Database& database, TimePoint before) {
  auto query = database.prepare("SELECT coalesce(max(through_seq), 0) FROM episodes WHERE last < ?1");
  if (!query) return std::unexpected(query.error());
  if (query->bind(1, before.time_since_epoch().count()).step() != store::Statement::Step::row)
    return std::unexpected(database.error("read"));
  return std::uint64_t(query->integer(0));
}

}  // namespace schoolgate::breaches
