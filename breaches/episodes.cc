#include "breaches/episodes.h"

#include <algorithm>
#include <cstring>

#include "breaches/record.h"

namespace schoolgate::breaches {
namespace {

constexpr std::size_t kMostSites = 64;     // bounds the marks kept for an episode
constexpr std::size_t kMostOpen = 50'000;  // people times themes within a quarter of an hour: far above any school

constexpr const char* kSchema = R"(
  CREATE TABLE IF NOT EXISTS episodes(id TEXT PRIMARY KEY, reference TEXT NOT NULL, who TEXT NOT NULL,
    grp TEXT NOT NULL, theme TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, attempts INTEGER NOT NULL,
    urgency INTEGER NOT NULL, illegal INTEGER NOT NULL, sites INTEGER NOT NULL, site_marks BLOB NOT NULL,
    through_seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS episodes_by_change ON episodes(through_seq);
  CREATE INDEX IF NOT EXISTS episodes_by_time ON episodes(last);
)";

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
  if (auto made = database.run(kSchema); !made) return std::unexpected(made.error());
  EpisodeTracker tracker(database, key);
  auto upsert = database.prepare(
      "INSERT OR REPLACE INTO episodes(id, reference, who, grp, theme, first, last, attempts, urgency, illegal, sites, "
      "site_marks, through_seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
  if (!upsert) return std::unexpected(upsert.error());
  tracker.upsert_ = *std::move(upsert);
  if (auto loaded = tracker.load(); !loaded) return std::unexpected(loaded.error());
  if (auto added = tracker.add_unsummed(); !added) return std::unexpected(added.error());
  return tracker;
}

Result<void> EpisodeTracker::load() {
  auto query = database_->prepare(
      "SELECT id, reference, who, grp, theme, first, last, attempts, urgency, illegal, sites, site_marks, through_seq "
      "FROM episodes WHERE last > (SELECT max(last) FROM episodes) - ?1 ORDER BY last");
  if (!query) return std::unexpected(query.error());
  query->bind(1, std::int64_t(std::chrono::milliseconds(kEpisodeGap).count()));
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step()) {
    Open open;
    open.who = query->text(2);
    open.episode = {.id = std::string(query->text(0)),
                    .reference = std::string(query->text(1)),
                    .group = std::string(query->text(3)),
                    .theme = std::string(query->text(4)),
                    .first = time_from(query->integer(5)),
                    .last = time_from(query->integer(6)),
                    .attempts = std::uint64_t(query->integer(7)),
                    .urgency = int(query->integer(8)),
                    .illegal = query->integer(9) != 0,
                    .sites = std::size_t(query->integer(10)),
                    .through_seq = std::uint64_t(query->integer(12))};
    const std::string_view marks = query->text(11);
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
      " json_extract(record, '$.episode') FROM records"
      " WHERE seq > (SELECT coalesce(max(through_seq), 0) FROM episodes) AND json_valid(record) ORDER BY seq");
  if (!query) return std::unexpected(query.error());
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step()) {
    const std::string who =
        query->is_null(2) ? "device " + std::string(query->text(3)) : "person " + std::string(query->text(2));
    const std::string group(query->text(4)), theme(query->text(5)), id(query->text(10));
    const Attempt attempt{.who = who,
                          .group = group,
                          .theme = theme,
                          .time = time_from(query->integer(1)),
                          .urgency = int(query->integer(6)),
                          .illegal = query->text(7) == "illegal",
                          .site_mark = mark_of(query->text(query->is_null(9) ? 8 : 9))};
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
  episode.first = episode.last = attempt.time;
  return found->second;
}

void EpisodeTracker::add(Open& open, const Attempt& attempt, std::uint64_t seq) {
  Episode& episode = open.episode;
  episode.first = std::min(episode.first, attempt.time);
  episode.last = std::max(episode.last, attempt.time);
  ++episode.attempts;
  episode.urgency = std::max(episode.urgency, attempt.urgency);
  episode.illegal |= attempt.illegal;
  episode.through_seq = seq;
  if (open.site_marks.size() < kMostSites &&
      std::ranges::find(open.site_marks, attempt.site_mark) == open.site_marks.end()) {
    open.site_marks.push_back(attempt.site_mark);
    episode.sites = open.site_marks.size();
  }
  if (!open.changed) {
    open.changed = true;
    changed_.push_back(&open);
  }
}

std::string_view EpisodeTracker::assign(const Breach& breach, std::uint64_t seq) {
  thread_local std::string who;
  who.assign(breach.person ? "person " : "device ").append(breach.person ? *breach.person : breach.device);
  const Attempt attempt{.who = who,
                        .group = breach.group,
                        .theme = breach.reason.theme,
                        .time = breach.time,
                        .urgency = breach.reason.urgency,
                        .illegal = breach.reason.illegal,
                        .site_mark = site_mark(breach, *key_)};
  Open& open = find_or_begin(attempt, {});
  add(open, attempt, seq);
  return open.episode.id;
}

bool EpisodeTracker::store() {
  const auto put = [this](Open& open) {
    const Episode& e = open.episode;
    const std::string_view marks(reinterpret_cast<const char*>(open.site_marks.data()),
                                 open.site_marks.size() * sizeof(std::uint64_t));
    return upsert_.bind(1, e.id)
        .bind(2, e.reference)
        .bind(3, open.who)
        .bind(4, e.group)
        .bind(5, e.theme)
        .bind(6, e.first.time_since_epoch().count())
        .bind(7, e.last.time_since_epoch().count())
        .bind(8, std::int64_t(e.attempts))
        .bind(9, std::int64_t(e.urgency))
        .bind(10, std::int64_t(e.illegal))
        .bind(11, std::int64_t(e.sites))
        .bind_blob(12, marks)
        .bind(13, std::int64_t(e.through_seq))
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
  if (open_.size() > kMostOpen) open_.clear();  // their next attempt begins a new episode
}

Result<std::vector<Episode>> episodes_changed_since(store::Database& database, std::uint64_t after_seq,
                                                    std::size_t limit) {
  auto query = database.prepare(
      "SELECT id, reference, grp, theme, first, last, attempts, urgency, illegal, sites, through_seq FROM episodes "
      "WHERE through_seq > ?1 ORDER BY through_seq LIMIT ?2");
  if (!query) return std::unexpected(query.error());
  query->bind(1, std::int64_t(after_seq)).bind(2, std::int64_t(limit));
  std::vector<Episode> episodes;
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step()) {
    episodes.push_back({.id = std::string(query->text(0)),
                        .reference = std::string(query->text(1)),
                        .group = std::string(query->text(2)),
                        .theme = std::string(query->text(3)),
                        .first = time_from(query->integer(4)),
                        .last = time_from(query->integer(5)),
                        .attempts = std::uint64_t(query->integer(6)),
                        .urgency = int(query->integer(7)),
                        .illegal = query->integer(8) != 0,
                        .sites = std::size_t(query->integer(9)),
                        .through_seq = std::uint64_t(query->integer(10))});
  }
  if (step == store::Statement::Step::failed) return std::unexpected(database.error("read"));
  return episodes;
}

Result<std::uint64_t> episodes_ended_before(store::Database& database, TimePoint before) {
  auto query = database.prepare("SELECT coalesce(max(through_seq), 0) FROM episodes WHERE last < ?1");
  if (!query) return std::unexpected(query.error());
  if (query->bind(1, before.time_since_epoch().count()).step() != store::Statement::Step::row)
    return std::unexpected(database.error("read"));
  return std::uint64_t(query->integer(0));
}

}  // namespace schoolgate::breaches
