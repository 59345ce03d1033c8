#include "casework/privacy.h"

#include <algorithm>

#include "base/json.h"
#include "breaches/breach_store.h"
#include "breaches/decision_search.h"
#include "breaches/flat_json.h"
#include "casework/shown_text.h"
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

std::vector<Rule> rules_of() {
  const std::string people(kHeldPeople), episodes(kHeldEpisodes);
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

}  // namespace

namespace {

// What was written about a person: entries of earlier releases name nobody, but are about one of the person's episodes
// (?2, a JSON array of ids).
constexpr std::string_view kAboutPerson =
    "(person = ?1 OR (person = '' AND text <> '' AND field = 'acknowledgement'"
    " AND about IN (SELECT value FROM json_each(?2))))";

// Ids of the person's episodes: those that the breach log still has, and those that the journal names.
Result<std::string> episodes_of(DeskStore& desk, std::string_view person) {
  std::string known = "[]", all = "[]";
  if (auto log = store::Database::open(desk.folder() / breaches::kBreachesFile, store::Database::Access::read)) {
    auto read = select(
        *log, "SELECT json_group_array(id) FROM episodes WHERE who = ?1",
        [&](store::Statement& row) { known = text_at(row, 0); }, "person " + std::string(person));
    if (!read) return std::unexpected(read.error());
  }
  auto read = select(
      desk.database(),
      "SELECT json_group_array(id) FROM (SELECT value AS id FROM json_each(?1) UNION SELECT about FROM journal WHERE"
      " person = ?2 AND what = 'acknowledge')",
      [&](store::Statement& row) { all = text_at(row, 0); }, known, person);
  if (!read) return std::unexpected(read.error());
  return all;
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
  store::Database& database = desk_.database();
  for (const Rule& rule : rules_of()) {
    const TimePoint before = now - (rules.*rule.age);
    auto removed = desk_.change([&]() -> Result<void> {
      auto due = count_before(database, rule.due, before);
      if (!due) return std::unexpected(due.error());
      auto held = count_before(database, rule.held, before);
      if (!held) return std::unexpected(held.error());
      if (*due == *held) return {};
      if (auto at_work = execute(database, "INSERT INTO retention_at_work(since) VALUES(?1)", now); !at_work)
        return std::unexpected(at_work.error());
      for (const std::string& sql : rule.removal)
        if (auto gone = execute(database, sql, before); !gone) return std::unexpected(gone.error());
      if (auto over = execute(database, "DELETE FROM retention_at_work"); !over) return std::unexpected(over.error());
      const Deletion deletion{.at = now,
                              .kind = std::string(rule.kind),
                              .count = *due - *held,
                              .until = before,
                              .held = *held,
                              .by = "retention"};
      auto noted =
          execute(database, "INSERT INTO deletions(at, kind, count, until, held, actor) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                  deletion.at, deletion.kind, deletion.count, deletion.until, deletion.held, deletion.by);
      if (!noted) return std::unexpected(noted.error());
      done.push_back(deletion);
      return desk_.write_journal({.seq = 0,
                                  .time = now,
                                  .by = "retention",
                                  .what = "delete",
                                  .about = deletion.kind,
                                  .person = {},
                                  .detail = std::to_string(deletion.count) + " removed, before " + to_rfc3339(before) +
                                            ", " + std::to_string(deletion.held) + " held"});
    });
    if (!removed) return std::unexpected(removed.error());
  }
  // The journal's own chain is cut at its beginning, as the breach log's is.
  auto chain = store::Chain::open(database, desk_.key());
  if (!chain) return std::unexpected(chain.error());
  auto cut = chain->remove_before(now - rules.journal, now, UINT32_MAX);
  if (!cut) return std::unexpected(cut.error());
  if (*cut > 0) {
    const Deletion deletion{.at = now,
                            .kind = "journal entries",
                            .count = *cut,
                            .until = now - rules.journal,
                            .held = 0,
                            .by = "retention"};
    auto noted = desk_.change([&]() -> Result<void> {
      auto gone = execute(database, "DELETE FROM journal WHERE seq <= ?1", chain->head().cut_seq);
      if (gone)
        gone = execute(database,
                       "INSERT INTO deletions(at, kind, count, until, held, actor) VALUES(?1, ?2, ?3, ?4, 0, ?5)",
                       deletion.at, deletion.kind, deletion.count, deletion.until, deletion.by);
      if (!gone) return std::unexpected(gone.error());
      return {};
    });
    if (!noted) return std::unexpected(noted.error());
    done.push_back(deletion);
  }
  return done;
}

Result<std::vector<Deletion>> Privacy::deletions(std::size_t limit) {
  std::vector<Deletion> deletions;
  auto read = select(
      desk_.database(), "SELECT at, kind, count, until, held, actor FROM deletions ORDER BY rowid DESC LIMIT ?1",
      [&](store::Statement& row) {
        deletions.push_back({.at = time_at(row, 0),
                             .kind = text_at(row, 1),
                             .count = std::uint64_t(row.integer(2)),
                             .until = time_at(row, 3),
                             .held = std::uint64_t(row.integer(4)),
                             .by = text_at(row, 5)});
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

namespace {

// One object of the export, as a JSON line or as lines for people.
class Piece {
 public:
  Piece(Privacy::Form form, const LocalClock& clock, std::string_view kind) : form_(form), clock_(clock), json_(out_) {
    if (form_ == Privacy::Form::json)
      json_.begin_object().field("kind", kind);
    else
      out_ += "\n[" + std::string(kind) + "]\n";
  }
  Piece& text(std::string_view name, std::string_view value) {
    if (form_ == Privacy::Form::json) {
      json_.field(name, value);
    } else if (!value.empty()) {
      out_ += std::string(name) + ": ";
      for (const char c : value) out_ += c == '\n' ? std::string("\n    ") : std::string(1, c);
      out_ += '\n';
    }
    return *this;
  }
  Piece& time(std::string_view name, TimePoint value) {
    return text(name, form_ == Privacy::Form::json ? to_rfc3339(value)
                                                   : date_text(clock_, value) + ", " + clock_text(clock_, value, true));
  }
  Piece& number(std::string_view name, std::uint64_t value) { return text(name, std::to_string(value)); }
  std::string done() {
    if (form_ == Privacy::Form::json) {
      json_.end_object();
      out_ += '\n';
    }
    return std::move(out_);
  }

 private:
  std::string out_;
  Privacy::Form form_;
  const LocalClock& clock_;
  JsonWriter json_;
};

}  // namespace

Result<std::uint64_t> Privacy::export_person(const Viewer& viewer, std::string_view person,
                                             const std::filesystem::path& decisions, Form form, const LocalClock& clock,
                                             TimePoint now, const std::function<bool(std::string_view)>& write) {
  if (viewer.role != Role::dsl && viewer.role != Role::head)
    return fail(Fault::client, "only the designated safeguarding lead and the head export a person's data");
  if (person.empty()) return fail(Fault::client, "whose data?");
  if (is_viewer(viewer, person)) return fail(Fault::client, "a colleague must export your own data", "ask the head");
  std::uint64_t pieces = 0;
  bool going = true;
  const auto put = [&](std::string text) {
    if (!going) return;
    ++pieces;
    going = write(text);
  };
  put(Piece(form, clock, "export").text("person", person).time("made", now).done());

  store::Database& database = desk_.database();
  auto log = store::Database::open(desk_.folder() / breaches::kBreachesFile, store::Database::Access::read);
  if (log) {
    auto read = select(
        *log,
        "SELECT reference, grp, theme, device, confidence, first, last, attempts, urgency FROM episodes WHERE who = ?1"
        " ORDER BY first",
        [&](store::Statement& row) {
          put(Piece(form, clock, "episode")
                  .text("reference", row.text(0))
                  .text("group", row.text(1))
                  .text("theme", row.text(2))
                  .text("device", row.text(3))
                  .text("confidence", row.text(4))
                  .time("first", time_at(row, 5))
                  .time("last", time_at(row, 6))
                  .number("attempts", std::uint64_t(row.integer(7)))
                  .number("urgency", std::uint64_t(row.integer(8)))
                  .done());
        },
        "person " + std::string(person));
    if (!read) return std::unexpected(read.error());
    read = select(
        *log, "SELECT record FROM records WHERE json_extract(record, '$.person') = ?1 ORDER BY seq",
        [&](store::Statement& row) {
          const auto json = breaches::FlatJson::parse(row.text(0));
          if (!json) return;
          const bool sealed = json->has("site_hash");
          put(Piece(form, clock, "attempt")
                  .text("time", json->text("time"))
                  .text("device", json->text("device"))
                  .text("action", json->text("action"))
                  .text("category", json->text("category"))
                  .text("site", sealed ? std::string("sealed") : defang(json->text("site")))
                  .text("address", sealed ? std::string("sealed") : defang_url(json->text("url")))
                  .text("search", json->text("search"))
                  .text("confidence", json->text("confidence"))
                  .number("attempts", json->has("attempts") ? std::uint64_t(json->number("attempts")) : 1)
                  .done());
        },
        person);
    if (!read) return std::unexpected(read.error());
  }
  // Of incidents what concerns this person: notes and actions are free text in which others may be named, so their
  // number is told and the lead adds what can be given.
  auto read = select(
      database,
      "SELECT i.reference, i.opened, i.closed, s.role, i.assessment, (SELECT count(*) FROM incident_notes n"
      " WHERE n.incident = i.id), (SELECT count(*) FROM incident_actions a WHERE a.incident = i.id),"
      " (SELECT count(*) FROM incident_subjects o WHERE o.incident = i.id), s.year_group FROM incident_subjects s"
      " JOIN incidents i ON i.id = s.incident WHERE s.person = ?1 ORDER BY i.opened",
      [&](store::Statement& row) {
        static constexpr std::string_view kRoles[] = {"child", "bystander", "alleged", "staff"};
        Piece piece(form, clock, "incident");
        piece.text("reference", row.text(0)).time("opened", time_at(row, 1));
        if (const auto closed = optional_time_at(row, 2)) piece.time("closed", *closed);
        piece.text("role", kRoles[std::size_t(std::clamp<std::int64_t>(row.integer(3), 0, 3))]);
        piece.text("year_group", row.text(8)).text("assessment", to_string(Assessment(row.integer(4))));
        piece.number("notes_to_be_reviewed", std::uint64_t(row.integer(5)));
        piece.number("actions_to_be_reviewed", std::uint64_t(row.integer(6)));
        piece.number("people_concerned", std::uint64_t(row.integer(7)));
        put(piece.done());
      },
      person);
  if (read)
    read = select(
        database, "SELECT reference, at, kind, said, name FROM page_reports WHERE person = ?1 ORDER BY at",
        [&](store::Statement& row) {
          put(Piece(form, clock, "page report")
                  .text("reference", row.text(0))
                  .time("time", time_at(row, 1))
                  .text("about", row.integer(2) == 0 ? "wrongly blocked" : "unsuitable")
                  .text("said", row.text(3))
                  .text("name", row.text(4))
                  .done());
        },
        person);
  const auto episodes = episodes_of(desk_, person);
  if (!episodes) return std::unexpected(episodes.error());
  if (read)
    read = select(
        database,
        "SELECT at, actor, field, choice, text FROM entries WHERE " + std::string(kAboutPerson) +
            " ORDER BY at, number",
        [&](store::Statement& row) {
          put(Piece(form, clock, "written about")
                  .time("time", time_at(row, 0))
                  .text("by", row.text(1))
                  .text("what", row.text(2))
                  .text("assessment", row.text(3))
                  .text("text", row.text(4))
                  .done());
        },
        person, *episodes);
  if (read)
    read = select(
        database, "SELECT time, what, actor, detail FROM journal WHERE person = ?1 ORDER BY seq",
        [&](store::Statement& row) {
          put(Piece(form, clock, "looked at or written")
                  .time("time", time_at(row, 0))
                  .text("what", row.text(1))
                  .text("by", row.text(2))
                  .text("detail", row.text(3))
                  .done());
        },
        person);
  if (!read) return std::unexpected(read.error());

  const breaches::DecisionFiles files(decisions);
  std::string wanted = R"("person":")";
  append_json_escaped(wanted, person);
  wanted += '"';
  if (going && files.kept()) {
    const auto all = files.all();
    if (!all) return std::unexpected(all.error());
    for (const auto& path : *all) {
      if (!going) break;
      if (auto done = breaches::read_lines_with(path, wanted,
                                                [&](std::string_view line) {
                                                  const auto json = breaches::FlatJson::parse(line);
                                                  if (!json || json->text("person") != person) return true;
                                                  put(Piece(form, clock, "decision")
                                                          .text("time", json->text("time"))
                                                          .text("device", json->text("device"))
                                                          .text("host", defang(json->text("host")))
                                                          .text("action", json->text("action"))
                                                          .text("category", json->text("category"))
                                                          .text("search", json->text("search"))
                                                          .done());
                                                  return going;
                                                });
          !done)
        return std::unexpected(done.error());
    }
  }
  if (pieces <= 1)
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
         .detail = "all that is kept about one person, " + std::to_string(pieces - 1) + " parts"});
  });
  if (!noted) return std::unexpected(noted.error());
  return pieces;
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
    const std::pair<const char*, std::uint64_t*> kRemovals[] = {
        {"DELETE FROM incident_subjects WHERE person = ?1", &erased.incidents},
        {"UPDATE page_reports SET person = '', name = '' WHERE person = ?1", &erased.reports},
        {"UPDATE releases SET person = '' WHERE person = ?1", &erased.releases},
        {"UPDATE journal SET person = '' WHERE person = ?1", &erased.journal}};
    for (const auto& [sql, count] : kRemovals) {
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
    if (erased.sum() == 0) {
      if (erased.episodes == 0)
        return fail(Fault::client,
                    "nothing is kept about an account '" + std::string(person) + "', so nothing was erased",
                    "look it up under Find; it is the account that counts, not the name");
      return fail(Fault::client, "the desk keeps nothing about '" + std::string(person) +
                                     "' but what is in the breach log, which goes by "
                                     "its retention time; nothing was erased");
    }
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
