#include "casework/privacy.h"

#include <algorithm>

#include "breaches/breach_store.h"
#include "casework/about_person.h"
#include "store/chain.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

// What may not be removed while an incident is held: everything about its people and its episodes.
constexpr std::string_view kHeldPeople =
    "SELECT s.person FROM incident_subjects s JOIN incidents i ON i.id = s.incident WHERE i.hold = 1";
constexpr std::string_view kHeldEpisodes =
    "SELECT e.episode FROM incident_episodes e JOIN incidents i ON i.id = e.incident WHERE i.hold = 1";

struct Rule {
  std::string_view kind;
  std::chrono::days RetentionRules::* age;
  std::string_view due;   ///< counts what is over its time (?1), held or not
  std::string_view held;  ///< and of it, what is held
  std::vector<std::string> removal;
};

// What an account, or the rota, said before it said otherwise.
constexpr std::string_view kReplaced =
    "field IN ('absence', 'rota', 'notification') AND at < ?1 AND number < (SELECT max(l.number) FROM entries l"
    " WHERE l.about = entries.about AND l.field = entries.field)";

// Why this function is long: it is the table of all that has a time.
std::vector<Rule> rules_of() {
  const std::string people(kHeldPeople), episodes(kHeldEpisodes);
  static const std::string replaced_due = "SELECT count(*) FROM entries WHERE " + std::string(kReplaced);
  return {
      {"incidents",
       &RetentionRules::incidents,
       "SELECT count(*) FROM incidents WHERE closed IS NOT NULL AND closed < ?1",
       "SELECT count(*) FROM incidents WHERE closed IS NOT NULL AND closed < ?1 AND hold = 1",
       {"DELETE FROM incident_notes WHERE incident IN (SELECT id FROM incidents WHERE closed < ?1 AND hold = 0)",
        "DELETE FROM incident_actions WHERE incident IN (SELECT id FROM incidents WHERE closed < ?1 AND hold = 0)",
        "DELETE FROM incident_subjects WHERE incident IN (SELECT id FROM incidents WHERE closed < ?1 AND hold = 0)",
        "DELETE FROM incident_episodes WHERE incident IN (SELECT id FROM incidents WHERE closed < ?1 AND hold = 0)",
        "DELETE FROM entries WHERE field IN ('given', 'done') AND about IN (SELECT id FROM entries WHERE field = 'to "
        "do'"
        " AND about IN (SELECT id FROM incidents WHERE closed < ?1 AND hold = 0))",
        "DELETE FROM entries WHERE about IN (SELECT id FROM incidents WHERE closed < ?1 AND hold = 0)",
        "DELETE FROM incidents WHERE closed < ?1 AND hold = 0"}},
      {"acknowledgements",
       &RetentionRules::breaches,
       "SELECT count(*) FROM entries WHERE field IN ('acknowledgement', 'taken') AND at < ?1",
       "SELECT count(*) FROM entries WHERE field IN ('acknowledgement', 'taken') AND at < ?1 AND about IN"
       " (SELECT e.episode FROM incident_episodes e JOIN incidents i ON i.id = e.incident WHERE i.hold = 1)",
       {"DELETE FROM entries WHERE field IN ('acknowledgement', 'taken') AND at < ?1 AND about NOT IN (" + episodes +
        ")"}},
      {"releases of sealed addresses",
       &RetentionRules::breaches,
       "SELECT count(*) FROM releases WHERE asked_at < ?1",
       "SELECT count(*) FROM releases WHERE asked_at < ?1 AND episode IN"
       " (SELECT e.episode FROM incident_episodes e JOIN incidents i ON i.id = e.incident WHERE i.hold = 1)",
       {"DELETE FROM releases WHERE asked_at < ?1 AND episode NOT IN (" + episodes + ")"}},
      {"names in the journal's index",
       &RetentionRules::breaches,
       "SELECT count(*) FROM journal WHERE time < ?1 AND person <> ''",
       "SELECT count(*) FROM journal WHERE time < ?1 AND person <> '' AND person IN"
       " (SELECT s.person FROM incident_subjects s JOIN incidents i ON i.id = s.incident WHERE i.hold = 1)",
       {"UPDATE journal SET person = '' WHERE time < ?1 AND person <> '' AND person NOT IN (" + people + ")"}},
      {"reports of pages",
       &RetentionRules::page_reports,
       "SELECT count(*) FROM page_reports WHERE at < ?1",
       "SELECT count(*) FROM page_reports WHERE at < ?1 AND person IN"
       " (SELECT s.person FROM incident_subjects s JOIN incidents i ON i.id = s.incident WHERE i.hold = 1)",
       {"DELETE FROM entries WHERE about IN (SELECT id FROM page_reports WHERE at < ?1 AND person NOT IN (" + people +
            "))",
        "DELETE FROM page_reports WHERE at < ?1 AND person NOT IN (" + people + ")"}},
      {"checks",
       &RetentionRules::checks,
       "SELECT count(*) FROM checks WHERE at < ?1",
       "SELECT 0",
       {"DELETE FROM entries WHERE about IN (SELECT id FROM checks WHERE at < ?1)",
        "DELETE FROM check_results WHERE run IN (SELECT id FROM checks WHERE at < ?1)",
        "DELETE FROM checks WHERE at < ?1"}},
      {"earlier absences, rotas and choices",  // what holds stays
       &RetentionRules::journal,
       replaced_due,
       "SELECT 0",
       {"DELETE FROM entries WHERE " + std::string(kReplaced)}},
      {"daily sums",
       &RetentionRules::sums,
       "SELECT (SELECT count(*) FROM decision_days WHERE day < ?1 / 86400000)"
       " + (SELECT count(*) FROM breach_hours WHERE day < ?1 / 86400000)",
       "SELECT 0",
       {"DELETE FROM decision_days WHERE day < ?1 / 86400000", "DELETE FROM breach_hours WHERE day < ?1 / 86400000"}},
  };
}

// ?1 is not in every query, and SQLite refuses to bind what is not there only by a return code that select() ignores.
Result<std::uint64_t> count_before(store::Database& database, std::string_view sql, TimePoint before) {
  auto count = select_number(database, sql, before);
  if (!count) return std::unexpected(count.error());
  return std::uint64_t(*count);
}

// Into the log of deletions, inside DeskStore::change().
Result<void> note(store::Database& database, const Deletion& deletion) {
  return store::write(database,
                      "INSERT INTO deletions(at, kind, count, until, held, actor) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                      deletion.at, deletion.kind, deletion.count, deletion.until, deletion.held, deletion.by);
}

// Nothing where nothing is due that is not held.
Result<std::optional<Deletion>> remove_due(DeskStore& desk, const Rule& rule, TimePoint before, TimePoint now) {
  std::optional<Deletion> deletion;
  store::Database& database = desk.database();
  auto removed = desk.change([&]() -> Result<void> {
    auto due = count_before(database, rule.due, before);
    if (!due) return std::unexpected(due.error());
    auto held = count_before(database, rule.held, before);
    if (!held) return std::unexpected(held.error());
    if (*due == *held) return {};
    if (auto at_work = store::write(database, "INSERT INTO retention_at_work(since) VALUES(?1)", now); !at_work)
      return at_work;
    for (const std::string& sql : rule.removal)
      if (auto gone = store::write(database, sql, before); !gone) return gone;
    if (auto over = store::write(database, "DELETE FROM retention_at_work"); !over) return over;
    deletion = Deletion{.at = now,
                        .kind = std::string(rule.kind),
                        .count = *due - *held,
                        .until = before,
                        .held = *held,
                        .by = "retention"};
    if (auto noted = note(database, *deletion); !noted) return noted;
    return desk.write_journal({.seq = 0,
                               .time = now,
                               .by = "retention",
                               .what = "delete",
                               .about = deletion->kind,
                               .person = {},
                               .detail = std::to_string(deletion->count) + " removed, before " + to_rfc3339(before) +
                                         ", " + std::to_string(deletion->held) + " held"});
  });
  if (!removed) return std::unexpected(removed.error());
  return deletion;
}

// The journal's own chain is cut at its beginning, as the breach log's is.
Result<std::optional<Deletion>> cut_journal(DeskStore& desk, TimePoint before, TimePoint now) {
  store::Database& database = desk.database();
  std::optional<Deletion> deletion;
  auto done = desk.change([&]() -> Result<void> {
    auto chain = store::Chain::open(database, desk.key());
    if (!chain) return std::unexpected(chain.error());
    const auto cut = chain->remove_before(before, now, UINT32_MAX);
    if (!cut) return std::unexpected(cut.error());
    if (*cut == 0) return {};
    if (auto gone = store::write(database, "DELETE FROM journal WHERE seq <= ?1", chain->head().cut_seq); !gone)
      return gone;
    deletion = {.at = now, .kind = "journal entries", .count = *cut, .until = before, .held = 0, .by = "retention"};
    return note(database, *deletion);
  });
  if (!done) return std::unexpected(done.error());
  return deletion;
}

}  // namespace

Result<std::optional<TimePoint>> oldest_held(const std::filesystem::path& state_folder) {
  std::error_code error;
  if (!std::filesystem::exists(state_folder / kDeskFile, error)) return std::optional<TimePoint>();
  auto desk = store::Database::open(state_folder / kDeskFile, store::Database::Access::read);
  if (!desk) return std::unexpected(desk.error());
  std::vector<std::string> episodes;
  auto read = select(*desk, kHeldEpisodes, [&](store::Statement& row) { episodes.push_back(text_at(row, 0)); });
  if (!read) return std::unexpected(read.error());
  if (episodes.empty()) return std::optional<TimePoint>();
  auto log = store::Database::open(state_folder / breaches::kBreachesFile, store::Database::Access::read);
  if (!log) return std::unexpected(log.error());
  std::optional<TimePoint> oldest;
  for (const std::string& episode : episodes) {
    read = select(
        *log, "SELECT first FROM episodes WHERE id = ?1",
        [&](store::Statement& row) { oldest = std::min(oldest.value_or(TimePoint::max()), time_at(row, 0)); }, episode);
    if (!read) return std::unexpected(read.error());
  }
  return oldest;
}

Result<std::vector<Deletion>> Privacy::enforce(const RetentionRules& rules, TimePoint now) {
  std::vector<Deletion> done;
  for (const Rule& rule : rules_of()) {
    auto removed = remove_due(desk_, rule, now - (rules.*rule.age), now);
    if (!removed) return std::unexpected(removed.error());
    if (*removed) done.push_back(**std::move(removed));
  }
  auto cut = cut_journal(desk_, now - rules.journal, now);
  if (!cut) return std::unexpected(cut.error());
  if (*cut) done.push_back(**std::move(cut));
  return done;
}

Result<std::vector<Deletion>> Privacy::deletions(std::size_t limit) {
  std::vector<Deletion> deletions;
  auto read = select(
      desk_.database(), "SELECT at, kind, count, until, held, actor FROM deletions ORDER BY rowid DESC LIMIT ?1",
      [&](store::Statement& row) {
        deletions.push_back({.at = row.take<TimePoint>(),
                             .kind = row.take<std::string>(),
                             .count = row.take<std::uint64_t>(),
                             .until = row.take<TimePoint>(),
                             .held = row.take<std::uint64_t>(),
                             .by = row.take<std::string>()});
      },
      std::min<std::size_t>(limit, 1000));
  if (!read) return std::unexpected(read.error());
  if (auto log = store::Database::open(desk_.folder() / breaches::kBreachesFile, store::Database::Access::read)) {
    read = select(
        *log,
        "SELECT max(at), sum(last_seq - first_seq + 1) FROM removals GROUP BY at / 86400000 ORDER BY 1 DESC LIMIT 200",
        [&](store::Statement& row) {
          deletions.push_back({.at = time_at(row, 0),
                               .kind = "breach records",
                               .count = std::uint64_t(row.integer(1)),
                               .until = time_at(row, 0),
                               .held = 0,
                               .by = "retention"});
        });
    if (!read) return std::unexpected(read.error());
  }
  std::ranges::sort(deletions, std::ranges::greater(), &Deletion::at);
  if (deletions.size() > limit) deletions.resize(limit);
  return deletions;
}

Result<std::vector<std::string>> Privacy::held_people() {
  std::vector<std::string> people;
  auto read = select(desk_.database(), kHeldPeople, [&](store::Statement& row) { people.push_back(text_at(row, 0)); });
  if (!read) return std::unexpected(read.error());
  std::ranges::sort(people);
  const auto twice = std::ranges::unique(people);
  people.erase(twice.begin(), twice.end());
  return people;
}

Result<std::uint64_t> Privacy::export_person(const Viewer& viewer, std::string_view person,
                                             const std::filesystem::path& decisions, Form form, const LocalClock& clock,
                                             TimePoint now, const PersonExport::Write& write) {
  if (viewer.role != Role::dsl && viewer.role != Role::head)
    return fail(Fault::client, "only the designated safeguarding lead and the head export a person's data");
  if (person.empty()) return fail(Fault::client, "whose data?");
  if (is_viewer(viewer, person)) return fail(Fault::client, "a colleague must export your own data", "ask the head");
  PersonExport told(desk_, person, form, clock, write);
  if (auto all = told.tell_all(decisions, now); !all) return std::unexpected(all.error());
  if (told.pieces() == 0)
    return fail(Fault::client, "nothing is kept about an account '" + std::string(person) + "'",
                "look it up under Find; it is the account that counts, not the name");
  auto noted = desk_.change([&] {
    return desk_.write_journal(
        {.seq = 0,
         .time = now,
         .by = viewer.user,
         .what = "export",
         .about = "subject access",
         .person = std::string(person),
         .detail = "all that is kept about one person, " + std::to_string(told.pieces()) + " parts"});
  });
  if (!noted) return std::unexpected(noted.error());
  return told.pieces() + 1;
}

std::string Privacy::words_of(const Erased& erased) {
  std::string out;
  const auto add = [&](std::uint64_t count, std::string_view one, std::string_view many) {
    if (count == 0) return;
    out += (out.empty() ? "" : ", ") + std::to_string(count) + ' ' + std::string(count == 1 ? one : many);
  };
  add(erased.entries, "note or assessment", "notes and assessments");
  add(erased.incidents, "place in an incident", "places in incidents");
  add(erased.reports, "report of a page", "reports of pages");
  add(erased.releases, "release of a sealed address", "releases of sealed addresses");
  add(erased.journal, "name in the journal", "names in the journal");
  if (out.empty()) out = "nothing";
  std::string stays;
  if (erased.episodes > 0)
    stays += (erased.episodes == 1 ? "1 episode" : std::to_string(erased.episodes) + " episodes") +
             std::string(" of the breach log, until the retention time is over");
  if (erased.incident_notes > 0)
    stays += std::string(stays.empty() ? "" : ", and ") +
             (erased.incident_notes == 1 ? "1 note" : std::to_string(erased.incident_notes) + " notes") +
             " of incidents that may still name the person: read them";
  return out + (stays.empty() ? "" : ". What stays: " + stays);
}

namespace {

std::unexpected<Error> nothing_to_erase(std::string_view person, std::uint64_t episodes) {
  if (episodes == 0)
    return fail(Fault::client, "nothing is kept about an account '" + std::string(person) + "', so nothing was erased",
                "look it up under Find; it is the account that counts, not the name");
  return fail(Fault::client,
              "the desk keeps nothing about '" + std::string(person) +
                  "' but what is in the breach log, which goes by its retention time; nothing was erased");
}

}  // namespace

Result<Privacy::Erased> Privacy::erase_person(const Viewer& viewer, std::string_view person, TimePoint now) {
  if (viewer.role != Role::dsl && viewer.role != Role::head)
    return fail(Fault::client, "only the designated safeguarding lead and the head erase a person's data");
  if (person.empty() || is_viewer(viewer, person)) return fail(Fault::client, "a colleague must erase your own data");
  Erased erased;
  store::Database& database = desk_.database();
  auto done = desk_.change([&]() -> Result<void> {
    const auto held =
        select_number(database, "SELECT count(*) FROM (" + std::string(kHeldPeople) + ") WHERE person = ?1", person);
    if (!held) return std::unexpected(held.error());
    if (*held > 0)
      return fail(Fault::client, "an incident with this person is under legal hold", "lift the hold first");
    const auto notes = select_number(database,
                                     "SELECT count(*) FROM incident_notes WHERE incident IN"
                                     " (SELECT incident FROM incident_subjects WHERE person = ?1)",
                                     person);
    if (!notes) return std::unexpected(notes.error());
    erased.incident_notes = std::uint64_t(*notes);
    const auto of_person = episodes_of(desk_, person);
    if (!of_person) return std::unexpected(of_person.error());
    const auto written = execute(
        database, "UPDATE entries SET text = '', person = '' WHERE " + std::string(kAboutPerson), person, *of_person);
    if (!written) return std::unexpected(written.error());
    erased.entries = *written;
    const std::pair<const char*, std::uint64_t*> removals[] = {
        {"DELETE FROM incident_subjects WHERE person = ?1", &erased.incidents},
        {"UPDATE page_reports SET person = '', name = '' WHERE person = ?1", &erased.reports},
        {"UPDATE releases SET person = '' WHERE person = ?1", &erased.releases},
        {"UPDATE journal SET person = '' WHERE person = ?1", &erased.journal}};
    for (const auto& [sql, count] : removals) {
      auto changed = execute(database, sql, person);
      if (!changed) return std::unexpected(changed.error());
      *count = *changed;
    }
    if (auto log = store::Database::open(desk_.folder() / breaches::kBreachesFile, store::Database::Access::read)) {
      const auto episodes =
          select_number(*log, "SELECT count(*) FROM episodes WHERE who = ?1", "person " + std::string(person));
      if (!episodes) return std::unexpected(episodes.error());
      erased.episodes = std::uint64_t(*episodes);
    }
    if (erased.sum() == 0) return nothing_to_erase(person, erased.episodes);
    auto noted =
        execute(database, "INSERT INTO deletions(at, kind, count, until, held, actor) VALUES(?1, ?2, ?3, ?1, 0, ?4)",
                now, "one person's data", erased.sum(), viewer.user);
    if (!noted) return std::unexpected(noted.error());
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "delete",
                                .about = "one person's data",
                                .person = {},
                                .detail = std::to_string(erased.sum()) + " entries"});
  });
  if (!done) return std::unexpected(done.error());
  return erased;
}

}  // namespace schoolgate::casework
