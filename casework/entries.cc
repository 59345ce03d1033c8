#include "casework/entries.h"

#include <algorithm>

#include "base/uuid.h"
#include "store/sql.h"
#include "store/transaction.h"

namespace schoolgate::casework {
namespace {

// An erased entry keeps its author and its moment: the row may lose text and person, and nothing else of it may change.
// REPLACE deletes without firing a trigger of DELETE, so that an INSERT over a row that is there is refused as well.
// Retention says in `retention_at_work` that it removes; what belongs to an open or a held incident stays even then.
constexpr const char* kEntriesTable = R"(
  CREATE TABLE IF NOT EXISTS entries(id TEXT PRIMARY KEY, about TEXT NOT NULL, field TEXT NOT NULL,
    number INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, choice TEXT NOT NULL, text TEXT NOT NULL,
    corrects TEXT NOT NULL, person TEXT NOT NULL, UNIQUE(about, field, number)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entries_by_person ON entries(person) WHERE person <> '';
  CREATE INDEX IF NOT EXISTS entries_by_field ON entries(field, about, number);
  CREATE TRIGGER IF NOT EXISTS entries_are_only_added BEFORE UPDATE ON entries
    WHEN NEW.id <> OLD.id OR NEW.about <> OLD.about OR NEW.field <> OLD.field OR NEW.number <> OLD.number
      OR NEW.at <> OLD.at OR NEW.actor <> OLD.actor OR NEW.choice <> OLD.choice OR NEW.corrects <> OLD.corrects
      OR NEW.text <> '' OR NEW.person <> ''
    BEGIN SELECT raise(ABORT, 'entries are only added'); END;
  CREATE TRIGGER IF NOT EXISTS entries_are_not_replaced BEFORE INSERT ON entries
    WHEN EXISTS(SELECT 1 FROM entries WHERE id = NEW.id
      OR (about = NEW.about AND field = NEW.field AND number = NEW.number))
    BEGIN SELECT raise(ABORT, 'entries are only added'); END;
  CREATE TABLE IF NOT EXISTS retention_at_work(since INTEGER NOT NULL);
  CREATE TRIGGER IF NOT EXISTS entries_are_removed_by_retention BEFORE DELETE ON entries
    WHEN NOT EXISTS(SELECT 1 FROM retention_at_work)
      OR EXISTS(SELECT 1 FROM incidents WHERE id = OLD.about AND (closed IS NULL OR hold = 1))
    BEGIN SELECT raise(ABORT, 'only retention removes entries'); END;
  CREATE TABLE IF NOT EXISTS taken_over(what TEXT PRIMARY KEY) WITHOUT ROWID;
)";

constexpr const char* kSelectEntries =
    "SELECT id, number, field, actor, at, choice, text, corrects, person FROM entries";

Entry read_entry(store::Statement& row) {
  return {.id = row.take<std::string>(),
          .number = row.take<std::uint64_t>(),
          .field = row.take<std::string>(),
          .by = row.take<std::string>(),
          .at = row.take<TimePoint>(),
          .choice = row.take<std::string>(),
          .text = row.take<std::string>(),
          .corrects = row.take<std::string>(),
          .person = row.take<std::string>()};
}

struct Old {
  std::string about;
  Entry entry;
};

// Whether an entry says it already: of that author and moment, or as the latest of that field. A field of people has a
// latest one for each person.
Result<bool> is_there(store::Database& desk, const Old& old) {
  const auto count = select_number(
      desk,
      "SELECT count(*) FROM entries e WHERE about = ?1 AND field = ?2 AND (?2 <> 'person' OR person = ?7)"
      " AND choice = ?5 AND text = ?6 AND ((actor = ?3 AND at = ?4) OR (number = (SELECT max(number) FROM entries l"
      " WHERE l.about = e.about AND l.field = e.field AND (?2 <> 'person' OR l.person = ?7))))",
      old.about, old.entry.field, old.entry.by, old.entry.at, old.entry.choice, old.entry.text, old.entry.person);
  if (!count) return std::unexpected(count.error());
  return *count > 0;
}

// Rows of (about, actor, at, choice, text, person), as `field`. What is there already is not added again.
Result<void> take_over(store::Database& desk, std::string_view field, std::string_view sql) {
  std::vector<Old> found;
  auto read = select(desk, sql, [&](store::Statement& row) {
    found.push_back({.about = row.take<std::string>(),
                     .entry = {.field = std::string(field),
                               .by = row.take<std::string>(),
                               .at = row.take<TimePoint>(),
                               .choice = row.take<std::string>(),
                               .text = row.take<std::string>(),
                               .corrects = {},
                               .person = row.take<std::string>()}});
  });
  if (!read) return read;
  for (Old& old : found) {
    const auto there = is_there(desk, old);
    if (!there) return std::unexpected(there.error());
    if (*there) continue;
    if (auto added = add_entry(desk, old.about, std::move(old.entry)); !added) return std::unexpected(added.error());
  }
  return {};
}

// "none", "concern", … by the number that the old columns hold.
constexpr std::string_view kAssessmentWord =
    "CASE %1 WHEN 1 THEN 'concern' WHEN 2 THEN 'accidental' WHEN 3 THEN 'curriculum' WHEN 4 THEN 'background'"
    " WHEN 5 THEN 'false-positive' ELSE 'none' END";

std::string assessment_word(std::string_view column) {
  std::string word(kAssessmentWord);
  return word.replace(word.find("%1"), 2, column);
}

// The author of a field that kept none: the journal knows who wrote last.
// An empty value is taken over where an earlier one stands: an older release took it away.
std::string by_journal(std::string_view entry, std::string_view field, std::string_view value,
                       std::string_view detail) {
  const std::string last = " FROM journal j WHERE j.about = i.reference AND j.what = 'incident' AND j.detail LIKE '" +
                           std::string(detail) + "' ORDER BY j.seq DESC LIMIT 1)";
  return "SELECT i.id, coalesce((SELECT j.actor" + last + ", ''), coalesce((SELECT j.time" + last +
         ", i.opened), '', " + std::string(value) + ", '' FROM incidents i WHERE i." + std::string(field) +
         " <> '' OR EXISTS(SELECT 1 FROM entries e WHERE e.about = i.id AND e.field = '" + std::string(entry) + "')";
}

Result<void> take_over_incidents(store::Database& desk) {
  const std::pair<std::string_view, std::string> kOld[] = {
      {"assessment", "SELECT id, assessed_by, coalesce(assessed_at, opened), " + assessment_word("assessment") +
                         ", assessment_reason, '' FROM incidents WHERE assessment <> 0"},
      {"lessons", by_journal("lessons", "lessons", "i.lessons", "lessons written")},
      {"policy change", by_journal("policy change", "policy_change", "i.policy_change", "lessons written")},
      {"case reference", by_journal("case reference", "case_reference", "i.case_reference", "case system%")},
      {"review", "SELECT * FROM (" + by_journal("review", "review_by", "i.review_by", "review %") +
                     ") WHERE id NOT IN (SELECT id FROM incidents WHERE closed IS NOT NULL)"},
      {"legal hold",
       "SELECT i.id, i.hold_by, coalesce((SELECT j.time FROM journal j WHERE j.about = i.reference AND"
       " j.detail LIKE 'legal hold%' ORDER BY j.seq DESC LIMIT 1), i.opened),"
       " CASE i.hold WHEN 1 THEN 'set' ELSE 'lifted' END, i.hold_reason, '' FROM incidents i"
       " WHERE i.hold_reason <> ''"},
      {"outcome",
       "SELECT id, closed_by, coalesce(closed, opened), 'closed', outcome, '' FROM incidents i WHERE outcome <> ''"
       " AND (closed IS NOT NULL OR NOT EXISTS(SELECT 1 FROM entries e WHERE e.about = i.id AND e.field = 'outcome'))"},
      {"person",
       "SELECT s.incident, coalesce((SELECT j.actor FROM journal j WHERE j.about = i.reference AND j.person = s.person"
       " AND (j.detail LIKE 'a person set%' OR j.detail LIKE 'opened, with %') ORDER BY j.seq DESC LIMIT 1),"
       " i.opened_by), coalesce((SELECT j.time FROM journal j WHERE j.about = i.reference AND j.person = s.person AND"
       " (j.detail LIKE 'a person set%' OR j.detail LIKE 'opened, with %') ORDER BY j.seq DESC LIMIT 1), i.opened),"
       " 'set', s.person || ': ' || CASE s.role WHEN 1 THEN 'bystander' WHEN 2 THEN 'alleged' WHEN 3 THEN 'staff' ELSE"
       " 'child' END || CASE s.year_group WHEN '' THEN '' ELSE ', year group ' || s.year_group END ||"
       " CASE s.vulnerable WHEN 0 THEN '' ELSE ', vulnerable' END, s.person FROM incident_subjects s JOIN incidents i"
       " ON i.id = s.incident"},
      {"answer",
       "SELECT id, handled_by, CASE WHEN coalesce(handled_at, 0) = 0 THEN at ELSE handled_at END, CASE state"
       " WHEN 1 THEN 'in-hand' WHEN 2 THEN 'changed' WHEN 3 THEN 'declined' WHEN 4 THEN 'passed-to-dsl' ELSE"
       " 'new' END, answer, '' FROM page_reports WHERE handled_by <> ''"},
      {"checklist",
       "SELECT 'checklist ' || theme, edited_by, edited_at, 'edited', steps || char(10) || contacts, '' FROM"
       " checklists"},
  };
  for (const auto& [field, sql] : kOld)
    if (auto done = take_over(desk, field, sql); !done) return done;
  return {};
}

// An older release that ran in between has made the table of acknowledgements anew: it is looked for at every start,
// and where it is, the fields of incidents may have been changed as well.
Result<void> take_over_acknowledgements(store::Database& desk) {
  const auto old = select_number(desk, "SELECT count(*) FROM sqlite_master WHERE name = 'acknowledgements'");
  if (!old) return std::unexpected(old.error());
  if (*old == 0) return {};
  auto taken =
      take_over(desk, "acknowledgement",
                "SELECT episode, actor, at, " + assessment_word("assessment") +
                    ", note, coalesce((SELECT j.person FROM journal j WHERE j.about = episode AND j.person <> ''"
                    " ORDER BY j.seq DESC LIMIT 1), '') FROM acknowledgements");
  if (taken) taken = desk.run("DROP TABLE acknowledgements");
  return taken;
}

}  // namespace

Result<Entry> add_entry(store::Database& desk, std::string_view about, Entry entry) {
  if (!entry.corrects.empty()) {
    const auto known = select_number(desk, "SELECT count(*) FROM entries WHERE id = ?1 AND about = ?2 AND field = ?3",
                                     entry.corrects, about, entry.field);
    if (!known) return std::unexpected(known.error());
    if (*known == 0) return fail(Fault::client, "there is no such entry to correct", "load the page again");
  }
  const auto last = select_number(desk, "SELECT coalesce(max(number), 0) FROM entries WHERE about = ?1 AND field = ?2",
                                  about, entry.field);
  if (!last) return std::unexpected(last.error());
  entry.number = std::uint64_t(*last) + 1;
  entry.id = Uuid::v7(entry.at).text();
  auto put = execute(desk,
                     "INSERT INTO entries(id, about, field, number, at, actor, choice, text, corrects, person)"
                     " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                     entry.id, about, entry.field, entry.number, entry.at, entry.by, entry.choice, entry.text,
                     entry.corrects, entry.person);
  if (!put) return std::unexpected(put.error());
  return entry;
}

Result<std::vector<Entry>> entries_of(store::Database& desk, std::string_view about, std::string_view field) {
  std::vector<Entry> entries;
  auto read = select(
      desk, std::string(kSelectEntries) + " WHERE about = ?1 AND (?2 = '' OR field = ?2) ORDER BY at, number",
      [&](store::Statement& row) { entries.push_back(read_entry(row)); }, about, field);
  if (!read) return std::unexpected(read.error());
  return entries;
}

std::vector<Entry> standing(const std::vector<Entry>& entries) {
  std::vector<Entry> out;
  for (const Entry& entry : entries)
    if (std::ranges::find(entries, entry.id, &Entry::corrects) == entries.end()) out.push_back(entry);
  return out;
}

Result<void> prepare_entries(store::Database& desk) {
  if (auto made = desk.run(kEntriesTable); !made) return made;
  // Looked at without a lock first: nearly every opening finds nothing to do.
  constexpr std::string_view kDue =
      "SELECT (SELECT count(*) FROM taken_over WHERE what IN ('fields', 'people')) < 2"
      " OR EXISTS(SELECT 1 FROM sqlite_master WHERE name = 'acknowledgements')";
  auto due = select_number(desk, kDue);
  if (!due) return std::unexpected(due.error());
  if (*due == 0) return {};
  return store::in_transaction(desk, [&]() -> Result<void> {
    if (auto taken = take_over_acknowledgements(desk); !taken) return taken;
    if (auto taken = take_over_incidents(desk); !taken) return taken;
    return desk.run("INSERT OR IGNORE INTO taken_over(what) VALUES('fields'), ('people')");
  });
}

}  // namespace schoolgate::casework
