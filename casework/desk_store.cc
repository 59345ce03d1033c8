#include "casework/desk_store.h"

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/json.h"
#include "base/uuid.h"
#include "breaches/breach_store.h"
#include "casework/drafts.h"
#include "casework/shown_text.h"
#include "store/chain.h"
#include "store/only_ask.h"
#include "store/sql.h"
#include "store/transaction.h"

namespace schoolgate::casework {
namespace {

constexpr std::array<std::string_view, 6> kAssessments = {"none",       "concern",    "accidental",
                                                          "curriculum", "background", "false-positive"};

constexpr const char* kDeskSchema = R"(
  PRAGMA wal_autocheckpoint=500;
  PRAGMA busy_timeout=10000;
  CREATE TABLE IF NOT EXISTS journal(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor TEXT NOT NULL,
    what TEXT NOT NULL, about TEXT NOT NULL, person TEXT NOT NULL, detail TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS journal_by_about ON journal(about);
  CREATE INDEX IF NOT EXISTS journal_by_person ON journal(person) WHERE person <> '';
  CREATE TABLE IF NOT EXISTS canaries(token TEXT PRIMARY KEY, sent INTEGER NOT NULL, confirmed INTEGER,
    confirmed_by TEXT NOT NULL DEFAULT '', alarmed INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS incidents(id TEXT PRIMARY KEY, reference TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    opened INTEGER NOT NULL, opened_by TEXT NOT NULL, assessment INTEGER NOT NULL DEFAULT 0,
    assessment_reason TEXT NOT NULL DEFAULT '', assessed_by TEXT NOT NULL DEFAULT '', assessed_at INTEGER,
    lessons TEXT NOT NULL DEFAULT '', policy_change TEXT NOT NULL DEFAULT '', case_reference TEXT NOT NULL DEFAULT '',
    review_by TEXT NOT NULL DEFAULT '', hold INTEGER NOT NULL DEFAULT 0, hold_reason TEXT NOT NULL DEFAULT '',
    hold_by TEXT NOT NULL DEFAULT '', closed INTEGER, closed_by TEXT NOT NULL DEFAULT '',
    outcome TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS incident_episodes(episode TEXT NOT NULL, incident TEXT NOT NULL,
    PRIMARY KEY(incident, episode)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS incident_episodes_by_episode ON incident_episodes(episode);
  CREATE TABLE IF NOT EXISTS incident_subjects(incident TEXT NOT NULL, person TEXT NOT NULL, role INTEGER NOT NULL,
    year_group TEXT NOT NULL, vulnerable INTEGER NOT NULL, PRIMARY KEY(incident, person)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS incident_actions(id TEXT PRIMARY KEY, incident TEXT NOT NULL, kind INTEGER NOT NULL,
    date TEXT NOT NULL, who TEXT NOT NULL, how TEXT NOT NULL, reference TEXT NOT NULL, recorded_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS incident_actions_by_incident ON incident_actions(incident);
  CREATE TABLE IF NOT EXISTS incident_notes(id TEXT PRIMARY KEY, incident TEXT NOT NULL, at INTEGER NOT NULL,
    actor TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS incident_notes_by_incident ON incident_notes(incident);
  CREATE TRIGGER IF NOT EXISTS incident_notes_are_only_added BEFORE UPDATE ON incident_notes
    BEGIN SELECT raise(ABORT, 'notes are only added'); END;
  CREATE TRIGGER IF NOT EXISTS incident_notes_are_not_replaced BEFORE INSERT ON incident_notes
    WHEN EXISTS(SELECT 1 FROM incident_notes WHERE id = NEW.id)
    BEGIN SELECT raise(ABORT, 'notes are only added'); END;
  CREATE TRIGGER IF NOT EXISTS incident_notes_go_with_their_incident BEFORE DELETE ON incident_notes
    WHEN EXISTS(SELECT 1 FROM incidents WHERE id = OLD.incident AND (closed IS NULL OR hold = 1))
    BEGIN SELECT raise(ABORT, 'notes go with their incident, by its retention'); END;
  CREATE TRIGGER IF NOT EXISTS incident_actions_are_only_added BEFORE UPDATE ON incident_actions
    BEGIN SELECT raise(ABORT, 'actions are only added'); END;
  CREATE TRIGGER IF NOT EXISTS incident_actions_are_not_replaced BEFORE INSERT ON incident_actions
    WHEN EXISTS(SELECT 1 FROM incident_actions WHERE id = NEW.id)
    BEGIN SELECT raise(ABORT, 'actions are only added'); END;
  CREATE TRIGGER IF NOT EXISTS incident_actions_go_with_their_incident BEFORE DELETE ON incident_actions
    WHEN EXISTS(SELECT 1 FROM incidents WHERE id = OLD.incident AND (closed IS NULL OR hold = 1))
    BEGIN SELECT raise(ABORT, 'actions go with their incident, by its retention'); END;
  CREATE TRIGGER IF NOT EXISTS incidents_are_not_replaced BEFORE INSERT ON incidents
    WHEN EXISTS(SELECT 1 FROM incidents WHERE id = NEW.id OR reference = NEW.reference)
    BEGIN SELECT raise(ABORT, 'an incident is not replaced'); END;
  CREATE TRIGGER IF NOT EXISTS incidents_are_removed_when_over BEFORE DELETE ON incidents
    WHEN OLD.closed IS NULL OR OLD.hold = 1
    BEGIN SELECT raise(ABORT, 'an open or held incident is not removed'); END;

  CREATE TABLE IF NOT EXISTS checklists(theme TEXT PRIMARY KEY, steps TEXT NOT NULL, contacts TEXT NOT NULL,
    edited_by TEXT NOT NULL, edited_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS page_reports(id TEXT PRIMARY KEY, reference TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL,
    state INTEGER NOT NULL, at INTEGER NOT NULL, address TEXT NOT NULL, breach_reference TEXT NOT NULL,
    said TEXT NOT NULL, name TEXT NOT NULL, person TEXT NOT NULL, device TEXT NOT NULL, grp TEXT NOT NULL,
    handled_by TEXT NOT NULL DEFAULT '', answer TEXT NOT NULL DEFAULT '', handled_at INTEGER) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS page_reports_by_time ON page_reports(at);
  CREATE TABLE IF NOT EXISTS releases(id TEXT PRIMARY KEY, episode TEXT NOT NULL, person TEXT NOT NULL,
    purpose TEXT NOT NULL, recipient TEXT NOT NULL, asked_by TEXT NOT NULL, asked_at INTEGER NOT NULL,
    state INTEGER NOT NULL, decided_by TEXT NOT NULL DEFAULT '', decided_at INTEGER, shown_at INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS checks(id TEXT PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, kind TEXT NOT NULL,
    devices TEXT NOT NULL, action TEXT NOT NULL, good INTEGER NOT NULL, total INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS checks_by_time ON checks(at);
  CREATE TABLE IF NOT EXISTS check_results(run TEXT NOT NULL, number INTEGER NOT NULL, grp TEXT NOT NULL,
    mode TEXT NOT NULL, what TEXT NOT NULL, expected TEXT NOT NULL, found TEXT NOT NULL, good INTEGER NOT NULL,
    PRIMARY KEY(run, number)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS measures(id TEXT PRIMARY KEY, kind TEXT NOT NULL, groups TEXT NOT NULL,
    networks TEXT NOT NULL, sites TEXT NOT NULL, list TEXT NOT NULL, actor TEXT NOT NULL, why TEXT NOT NULL,
    begins INTEGER NOT NULL, ends INTEGER NOT NULL, closed INTEGER, closed_by TEXT NOT NULL DEFAULT '',
    closed_why TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS deletions(at INTEGER NOT NULL, kind TEXT NOT NULL, count INTEGER NOT NULL,
    until INTEGER NOT NULL, held INTEGER NOT NULL, actor TEXT NOT NULL);

  CREATE TABLE IF NOT EXISTS sums_read(name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS decision_days(day INTEGER NOT NULL, grp TEXT NOT NULL, category TEXT NOT NULL,
    action TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(day, grp, category, action)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS breach_hours(day INTEGER NOT NULL, hour INTEGER NOT NULL, theme TEXT NOT NULL,
    grp TEXT NOT NULL, action TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY(day, hour, theme, grp, action)) WITHOUT ROWID;
)";

JournalEntry read_journal(store::Statement& row) {
  return {.seq = row.take<std::uint64_t>(),
          .time = row.take<TimePoint>(),
          .by = row.take<std::string>(),
          .what = row.take<std::string>(),
          .about = row.take<std::string>(),
          .person = row.take<std::string>(),
          .detail = row.take<std::string>()};
}

constexpr std::string_view kAcknowledgement = "acknowledgement";
// What the journal keeps and what changes no record.
constexpr std::string_view kChanges = " AND what NOT IN ('view', 'export', 'letter')";

}  // namespace

std::string_view to_string(Assessment assessment) noexcept { return kAssessments[std::size_t(assessment)]; }

std::optional<Assessment> assessment_from(std::string_view text) noexcept {
  const auto found = std::ranges::find(kAssessments, text);
  if (found == kAssessments.end()) return std::nullopt;
  return Assessment(found - kAssessments.begin());
}

Assessment assessment_of(const std::vector<Entry>& entries) {
  Assessment latest = Assessment::none;
  for (const Entry& entry : standing(entries))
    if (const auto said = assessment_from(entry.choice); said && *said != Assessment::none) latest = *said;
  return latest;
}

DeskStore::DeskStore(store::Database database, store::StateKey key, std::filesystem::path folder)
    : folder_(std::move(folder)), key_(std::move(key)), database_(std::move(database)) {}

Result<std::unique_ptr<DeskStore>> DeskStore::open(const std::filesystem::path& state_folder) {
  const bool asks = store::only_asks();  // and then makes nothing
  if (auto made = asks ? Result<void>() : make_private_folder(state_folder); !made)
    return std::unexpected(made.error());
  auto key = store::StateKey::load_or_create(state_folder);
  if (!key) return std::unexpected(key.error());
  auto database = store::Database::open(state_folder / kDeskFile, store::Database::Access::write);
  if (!database) return std::unexpected(database.error());
  if (auto made = database->run(kDeskSchema); !made) return std::unexpected(made.error());
  if (auto prepared = prepare_entries(*database); !prepared) return std::unexpected(prepared.error());
  if (auto prepared = prepare_drafts(*database); !prepared) return std::unexpected(prepared.error());
  return std::unique_ptr<DeskStore>(new DeskStore(*std::move(database), *std::move(key), state_folder));
}

Result<store::Database> open_breaches_with_desk(const std::filesystem::path& state_folder) {
  {
    auto desk = DeskStore::open(state_folder);
    if (!desk) return std::unexpected(desk.error());
  }
  auto database = store::Database::open(state_folder / breaches::kBreachesFile, store::Database::Access::read);
  if (!database) return database;
  auto attach = database->prepare("ATTACH ?1 AS desk");
  if (!attach) return std::unexpected(attach.error());
  const std::string name = store::name_to_attach(state_folder / kDeskFile);
  if (!attach->bind(1, name).run()) return std::unexpected(database->error("use"));
  return database;
}

Result<void> DeskStore::change(const std::function<Result<void>()>& work) {
  return store::in_transaction(database_, work);
}

// The chain is opened anew inside each transaction: every thread has a connection of its own, and the last record is
// whoever's wrote last.
Result<void> DeskStore::write_journal(JournalEntry entry) {
  auto chain = store::Chain::open(database_, key_);
  if (!chain) return std::unexpected(chain.error());
  const std::uint64_t seq = chain->next_seq();
  std::string record;
  JsonWriter json(record);
  json.begin_object().field("id", Uuid::v7(entry.time).text()).field("seq", seq);
  json.field("time", to_rfc3339(entry.time)).field("by", entry.by).field("what", entry.what);
  json.field("about", entry.about).field("detail", entry.detail);
  json.field("person_hash", entry.person.empty() ? std::string() : to_hex(key_.sign("journal person", entry.person)));
  chain->close_record(record);
  if (!chain->append(entry.time, record) || !chain->store_head()) return std::unexpected(database_.error("write"));
  auto indexed = execute(database_,
                         "INSERT OR REPLACE INTO journal(seq, time, actor, what, about, person, detail) VALUES(?1, ?2, "
                         "?3, ?4, ?5, ?6, ?7)",
                         seq, entry.time, entry.by, entry.what, entry.about, entry.person, entry.detail);
  if (!indexed) return std::unexpected(indexed.error());
  return {};
}

Result<void> DeskStore::record_view(const Viewer& viewer, std::string_view about, std::string_view person,
                                    TimePoint now) {
  return change([&] {
    return write_journal({.seq = 0,
                          .time = now,
                          .by = viewer.user,
                          .what = "view",
                          .about = std::string(about),
                          .person = std::string(person),
                          .detail = std::string("looked at it as ") + std::string(to_string(viewer.role))});
  });
}

Result<void> DeskStore::note(const Viewer& viewer, std::string_view what, std::string_view about,
                             std::string_view person, std::string_view detail, TimePoint now) {
  auto kept = typed_text("detail", detail, 1000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  return change([&] {
    return write_journal({.seq = 0,
                          .time = now,
                          .by = viewer.user,
                          .what = std::string(what),
                          .about = std::string(about),
                          .person = std::string(person),
                          .detail = *kept});
  });
}

Result<std::vector<JournalEntry>> DeskStore::journal(const JournalFilter& filter) {
  std::vector<JournalEntry> entries;
  auto read = select(
      database_,
      "SELECT seq, time, actor, what, about, person, detail FROM journal WHERE time >= ?1 AND time < ?2"
      " AND (?3 = '' OR what = ?3) AND (?4 = '' OR actor = ?4) AND (?5 = '' OR about = ?5) AND (?6 = '' OR person = ?6)"
      " ORDER BY seq DESC LIMIT ?7 OFFSET ?8",
      [&](store::Statement& row) { entries.push_back(read_journal(row)); }, filter.since, filter.until, filter.what,
      filter.by, filter.about, filter.person, std::min<std::size_t>(filter.limit, 1000), filter.offset);
  if (!read) return std::unexpected(read.error());
  return entries;
}

Result<void> DeskStore::acknowledge(const Viewer& viewer, std::string_view episode, std::string_view person,
                                    TimePoint now, Assessment assessment, std::string_view note,
                                    const Writing& writing) {
  if (!leads_safeguarding(viewer.role) || is_viewer(viewer, person))
    return fail(Fault::client, "this episode is not yours to acknowledge");
  auto kept = typed_text("note", note, 2000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  return change([&]() -> Result<void> {
    if (auto current = must_be_current(episode, writing.seen); !current) return current;
    return add_acknowledgement(viewer, {.episode = std::string(episode), .person = std::string(person)}, now,
                               assessment, *std::move(kept), writing.corrects);
  });
}

Result<void> DeskStore::add_acknowledgement(const Viewer& viewer, const Picked& picked, TimePoint now,
                                            Assessment assessment, std::string note, std::string_view corrects) {
  auto added = add_entry(database_, picked.episode,
                         {.field = std::string(kAcknowledgement),
                          .by = viewer.user,
                          .at = now,
                          .choice = std::string(to_string(assessment)),
                          .text = std::move(note),
                          .corrects = std::string(corrects),
                          .person = picked.person});
  if (!added) return std::unexpected(added.error());
  std::string detail = added->number == 1        ? "acknowledged"
                       : added->corrects.empty() ? "entry added"
                                                 : "entry corrected";
  if (assessment != Assessment::none) detail += " as " + std::string(to_string(assessment));
  return write_journal({.seq = 0,
                        .time = now,
                        .by = viewer.user,
                        .what = "acknowledge",
                        .about = picked.episode,
                        .person = picked.person,
                        .detail = std::move(detail)});
}

Result<std::size_t> DeskStore::acknowledge_all(const Viewer& viewer, const std::vector<Picked>& picked, TimePoint now,
                                               Assessment assessment, std::string_view note) {
  for (const Picked& one : picked)
    if (!leads_safeguarding(viewer.role) || is_viewer(viewer, one.person))
      return fail(Fault::client, "one of these episodes is not yours to acknowledge");
  const auto kept = typed_text("note", note, 2000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  std::size_t count = 0;
  auto done = change([&]() -> Result<void> {
    for (const Picked& one : picked) {
      const auto taken_up = is_taken_up(one.episode);
      if (!taken_up) return std::unexpected(taken_up.error());
      if (*taken_up) continue;
      if (auto added = add_acknowledgement(viewer, one, now, assessment, *kept, {}); !added) return added;
      ++count;
    }
    if (count == 0) return fail(Fault::client, "nothing was left to acknowledge", "tick episodes that are new");
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return count;
}

Result<std::vector<Entry>> DeskStore::acknowledgements(std::string_view episode) {
  return entries_of(database_, episode, kAcknowledgement);
}

Result<std::uint64_t> DeskStore::version(std::string_view about) {
  const auto last = select_number(
      database_, "SELECT coalesce(max(seq), 0) FROM journal WHERE about = ?1" + std::string(kChanges), about);
  if (!last) return std::unexpected(last.error());
  return std::uint64_t(*last);
}

Result<std::vector<JournalEntry>> DeskStore::changes_since(std::string_view about, std::uint64_t seen) {
  std::vector<JournalEntry> entries;
  auto read = select(
      database_,
      "SELECT seq, time, actor, what, about, person, detail FROM journal WHERE about = ?1 AND seq > ?2" +
          std::string(kChanges) + " ORDER BY seq",
      [&](store::Statement& row) { entries.push_back(read_journal(row)); }, about, seen);
  if (!read) return std::unexpected(read.error());
  return entries;
}

Result<void> DeskStore::must_be_current(std::string_view about, const std::optional<std::uint64_t>& seen) {
  if (!seen) return {};
  const auto now = version(about);
  if (!now) return std::unexpected(now.error());
  if (*now <= *seen) return {};
  return fail(Fault::client, "something was written here after you opened this page, so nothing was saved yet",
              "read what came meanwhile, then send yours again");
}

Result<bool> DeskStore::is_taken_up(std::string_view episode) {
  auto count = select_number(database_,
                             "SELECT (SELECT count(*) FROM entries WHERE about = ?1 AND field = 'acknowledgement')"
                             " + (SELECT count(*) FROM incident_episodes WHERE episode = ?1)",
                             episode);
  if (!count) return std::unexpected(count.error());
  return *count > 0;
}

Result<bool> DeskStore::confirm_canary(std::string_view token, std::string_view by, TimePoint now) {
  constexpr auto kGoodFor = std::chrono::hours(24 * 7);
  bool confirmed = false;
  auto done = change([&]() -> Result<void> {
    auto changed = execute(database_,
                           "UPDATE canaries SET confirmed = ?2, confirmed_by = ?3"
                           " WHERE token = ?1 AND confirmed IS NULL AND sent > ?4",
                           token, now, by, now - kGoodFor);
    if (!changed) return std::unexpected(changed.error());
    confirmed = *changed == 1;
    if (!confirmed) return {};
    return write_journal({.seq = 0,
                          .time = now,
                          .by = std::string(by),
                          .what = "canary",
                          .about = "weekly test",
                          .person = {},
                          .detail = "the weekly test mail arrived and was confirmed"});
  });
  if (!done) return std::unexpected(done.error());
  return confirmed;
}

Result<std::optional<DeskStore::Canary>> DeskStore::last_canary() {
  std::optional<Canary> found;
  auto read =
      select(database_, "SELECT token, sent, confirmed, confirmed_by, alarmed FROM canaries ORDER BY sent DESC LIMIT 1",
             [&](store::Statement& row) {
               found = Canary{.token = row.take<std::string>(),
                              .sent = row.take<TimePoint>(),
                              .confirmed = time_unless_zero(row),
                              .confirmed_by = row.take<std::string>(),
                              .alarmed = row.take<bool>()};
             });
  if (!read) return std::unexpected(read.error());
  return found;
}

Result<void> DeskStore::begin_canary(std::string_view token, TimePoint now) {
  return change([&]() -> Result<void> {
    auto done = execute(database_, "INSERT INTO canaries(token, sent) VALUES(?1, ?2)", token, now);
    if (!done) return std::unexpected(done.error());
    return {};
  });
}

Result<void> DeskStore::set_canary_alarmed(std::string_view token) {
  return change([&]() -> Result<void> {
    auto done = execute(database_, "UPDATE canaries SET alarmed = 1 WHERE token = ?1", token);
    if (!done) return std::unexpected(done.error());
    return {};
  });
}

}  // namespace schoolgate::casework
