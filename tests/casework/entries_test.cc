// What people write is only ever added to.
//
//   goes wrong when                                         | then
//   a colleague writes on the same episode                  | both entries stand, each under its author
//   the same person writes again                            | both stand
//   an entry was wrong                                      | a correction names it; both can be read
//   a correction names an entry of another record           | refused
//   a page is older than the record                         | refused, and what came meanwhile is told
//   a statement changes, renames, replaces or removes one   | the database refuses it
//   a person of an incident is set otherwise                | what was said of the person before stays
//   an older release kept one value for each field          | it is taken over with its author and moment, once
//   an older release ran again in between                   | what it wrote is taken over too
#include "casework/entries.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "casework/checklists.h"
#include "casework/checks_log.h"
#include "casework/page_reports.h"
#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;

class EntriesOfTheDesk : public DeskFixture {
 protected:
  std::vector<Entry> of(std::string_view episode) {
    auto entries = desk_->acknowledgements(episode);
    EXPECT_TRUE(entries.has_value());
    return entries.value_or(std::vector<Entry>());
  }
};

TEST_F(EntriesOfTheDesk, EveryAuthorsWordsStay) {
  ASSERT_TRUE(desk_->acknowledge(kDsl, "e1", "amelia.hughes", kSchoolDay, Assessment::concern, "She was upset"));
  ASSERT_TRUE(desk_->acknowledge(kDeputy, "e1", "amelia.hughes", kSchoolDay + 1h, Assessment::curriculum, "A lesson"));
  ASSERT_TRUE(desk_->acknowledge(kDeputy, "e1", "amelia.hughes", kSchoolDay + 1h, Assessment::none, "Rang home"));
  const std::vector<Entry> entries = of("e1");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].by, "d.lead");
  EXPECT_EQ(entries[0].text, "She was upset");
  EXPECT_EQ(entries[0].at, kSchoolDay);
  EXPECT_EQ(entries[0].choice, "concern");
  EXPECT_EQ(entries[1].by, "d.eputy");
  EXPECT_EQ(entries[1].text, "A lesson");
  EXPECT_EQ(entries[2].number, 3u);
  EXPECT_EQ(assessment_of(entries), Assessment::curriculum) << "an entry that does not assess takes none away";
}

TEST_F(EntriesOfTheDesk, ACorrectionNamesWhatItCorrects) {
  ASSERT_TRUE(desk_->acknowledge(kDsl, "e1", "", kSchoolDay, Assessment::concern, "Ben"));
  ASSERT_TRUE(desk_->acknowledge(kDsl, "e2", "", kSchoolDay, Assessment::none, "elsewhere"));
  const std::string wrong = of("e1")[0].id, other = of("e2")[0].id;
  ASSERT_TRUE(
      desk_->acknowledge(kDeputy, "e1", "", kSchoolDay + 1h, Assessment::none, "It was Amelia", {.corrects = wrong}));
  EXPECT_EQ(of("e1")[0].text, "Ben");
  EXPECT_EQ(of("e1")[1].corrects, wrong);
  EXPECT_EQ(assessment_of(of("e1")), Assessment::none) << "what was corrected no longer counts";
  const auto refused =
      desk_->acknowledge(kDeputy, "e1", "", kSchoolDay + 2h, Assessment::none, "x", {.corrects = other});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().fault, Fault::client);
  EXPECT_EQ(of("e1").size(), 2u);
}

TEST_F(EntriesOfTheDesk, AnOldPageIsToldWhatCameMeanwhile) {
  const std::uint64_t seen = *desk_->version("e1");
  ASSERT_TRUE(desk_->record_view(kHead, "e1", "", kSchoolDay));
  ASSERT_TRUE(desk_->acknowledge(kDsl, "e1", "", kSchoolDay, Assessment::none, "A", {.seen = seen}))
      << "a view is no change";
  const auto late = desk_->acknowledge(kDeputy, "e1", "", kSchoolDay + 1h, Assessment::none, "B", {.seen = seen});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(of("e1").size(), 1u);
  const auto changes = desk_->changes_since("e1", seen);
  ASSERT_EQ(changes->size(), 1u);
  EXPECT_EQ(changes->front().by, "d.lead");
  EXPECT_TRUE(
      desk_->acknowledge(kDeputy, "e1", "", kSchoolDay + 1h, Assessment::none, "B", {.seen = *desk_->version("e1")}));
}

TEST_F(EntriesOfTheDesk, TheDatabaseRefusesToChangeOne) {
  ASSERT_TRUE(desk_->acknowledge(kDsl, "e1", "amelia.hughes", kSchoolDay, Assessment::concern, "A"));
  store::Database& database = desk_->database();
  for (const char* change :
       {"UPDATE entries SET text = 'B'", "UPDATE entries SET actor = 'x', text = ''",
        "UPDATE entries SET at = at + 1, text = '', person = ''", "UPDATE entries SET choice = 'none', text = ''",
        "DELETE FROM entries",
        "INSERT OR REPLACE INTO entries SELECT id, about, field, number, at, actor, choice, 'B', corrects, person FROM"
        " entries",
        "INSERT OR REPLACE INTO entries SELECT 'other', about, field, number, at, actor, choice, 'B', corrects, person"
        " FROM entries"})
    EXPECT_FALSE(database.run(change)) << change;
  EXPECT_EQ(of("e1")[0].text, "A");
}

TEST_F(EntriesOfTheDesk, TheDatabaseRefusesToChangeWhatAnIncidentHolds) {
  Incidents incidents(*desk_);
  const std::string id = *incidents.open(kDsl, {.title = "t", .subjects = {{.person = "amelia.hughes"}}}, kSchoolDay);
  ASSERT_TRUE(incidents.add_note(kDsl, id, "A", kSchoolDay));
  ASSERT_TRUE(incidents.add_action(
      kDsl, id, {.kind = ActionKind::police, .date = "2026-11-23", .who = "PC Jones", .how = "telephone"}, kSchoolDay));
  store::Database& database = desk_->database();
  for (const char* change :
       {"UPDATE incident_actions SET who = 'x'", "DELETE FROM incident_actions",
        "INSERT OR REPLACE INTO incident_actions SELECT id, incident, kind, date, 'x', how, reference, recorded_by,"
        " recorded_at FROM incident_actions",
        "DELETE FROM incident_notes",
        "INSERT OR REPLACE INTO incident_notes SELECT id, incident, at, actor, 'x' FROM incident_notes",
        "DELETE FROM incidents", "INSERT OR REPLACE INTO incidents SELECT * FROM incidents"})
    EXPECT_FALSE(database.run(change)) << change;
  const auto incident = *incidents.find(kDsl, id);
  EXPECT_EQ(incident->notes.size(), 1u);
  ASSERT_EQ(incident->actions.size(), 1u);
  EXPECT_EQ(incident->actions[0].who, "PC Jones");
}

TEST_F(EntriesOfTheDesk, WhatWasSaidOfAPersonStaysWhenItIsSaidOtherwise) {
  Incidents incidents(*desk_);
  const IncidentSubject child{.person = "amelia.hughes", .role = SubjectRole::child, .year_group = "6"};
  const std::string id = *incidents.open(kDsl, {.title = "t", .subjects = {child}}, kSchoolDay);
  EXPECT_FALSE(incidents.set_subject(kDeputy, id, child, kSchoolDay + 1h)) << "nothing was changed";
  ASSERT_TRUE(incidents.set_subject(
      kDeputy, id, {.person = "amelia.hughes", .role = SubjectRole::alleged, .vulnerable = true}, kSchoolDay + 1h));
  std::string all;
  const auto incident = *incidents.find(kDsl, id);
  for (const Entry& entry : incident->history) all += entry.by + ": " + entry.text + "\n";
  EXPECT_EQ(all, "d.lead: amelia.hughes: child, year group 6\nd.eputy: amelia.hughes: alleged, vulnerable\n");
  EXPECT_FALSE(incidents.open(kDsl, {.title = "t", .subjects = {child, child}}, kSchoolDay)) << "named twice";
}

TEST_F(EntriesOfTheDesk, WhatWasDoneAboutACheckStaysWhenMoreIsDone) {
  ChecksLog checks(*desk_);
  CheckRun run{.by = "t.ech", .kind = "by hand", .action = "rang the supplier"};
  run.results.push_back({.group = "ks2", .what = "a page", .expected = "block", .found = "allow"});
  const std::string id = *checks.record(run, kSchoolDay);
  ASSERT_TRUE(checks.set_action(kDsl, id, "list renewed", kSchoolDay + 1h));
  EXPECT_FALSE(checks.set_action(kDsl, id, "list renewed", kSchoolDay + 2h)) << "nothing was changed";
  const auto found = *checks.find(id);
  ASSERT_EQ(found->actions.size(), 2u);
  EXPECT_EQ(found->actions[0].by + ": " + found->actions[0].text, "t.ech: rang the supplier");
  EXPECT_EQ(found->actions[1].by + ": " + found->actions[1].text, "d.lead: list renewed");
  EXPECT_EQ(found->action, "list renewed");
}

TEST_F(EntriesOfTheDesk, FieldsOfAnIncidentKeepWhatStoodThereBefore) {
  Incidents incidents(*desk_);
  const std::string id = *incidents.open(kDsl, {.title = "t", .subjects = {{.person = "amelia.hughes"}}}, kSchoolDay);
  ASSERT_TRUE(incidents.assess(kDsl, id, Assessment::concern, "she said so", kSchoolDay));
  ASSERT_TRUE(incidents.assess(kDeputy, id, Assessment::accidental, "the log says so", kSchoolDay + 1h));
  ASSERT_TRUE(incidents.set_lessons(kDsl, id, "More supervision", "v2", kSchoolDay));
  ASSERT_TRUE(incidents.set_lessons(kDeputy, id, "Less supervision", "v2", kSchoolDay + 1h));
  ASSERT_TRUE(incidents.set_case_reference(kDsl, id, "CPOMS-1", kSchoolDay));
  ASSERT_TRUE(incidents.set_case_reference(kDeputy, id, "CPOMS-2", kSchoolDay + 1h));
  ASSERT_TRUE(incidents.set_hold(kDsl, id, true, "police asked", kSchoolDay));
  ASSERT_TRUE(incidents.set_hold(kDeputy, id, false, "police agreed", kSchoolDay + 1h));
  ASSERT_TRUE(incidents.close(kDsl, id, "talked", kSchoolDay));
  ASSERT_TRUE(incidents.reopen(kDeputy, id, "more came", kSchoolDay + 1h));
  ASSERT_TRUE(incidents.close(kDeputy, id, "referred", kSchoolDay + 2h));
  std::string all;
  const auto incident = *incidents.find(kDsl, id);
  for (const Entry& entry : incident->history) all += entry.by + ": " + entry.text + "\n";
  for (const char* line : {"d.lead: she said so", "d.eputy: the log says so", "d.lead: More supervision",
                           "d.eputy: Less supervision", "d.lead: CPOMS-1", "d.eputy: CPOMS-2", "d.lead: police asked",
                           "d.eputy: police agreed", "d.lead: talked", "d.eputy: more came", "d.eputy: referred"})
    EXPECT_NE(all.find(line), std::string::npos) << line << " is not in\n" << all;
  EXPECT_EQ(incident->assessment_reason, "the log says so");
  EXPECT_EQ(incident->lessons, "Less supervision");
}

TEST_F(EntriesOfTheDesk, AnIncidentOnAnOldPageIsLeftAlone) {
  Incidents incidents(*desk_);
  const std::string id = *incidents.open(kDsl, {.title = "t"}, kSchoolDay);
  const std::string reference = (*incidents.find(kDsl, id))->reference;
  const std::uint64_t seen = *desk_->version(reference);
  ASSERT_TRUE(Incidents(*desk_, seen).add_note(kDsl, id, "first", kSchoolDay));
  EXPECT_FALSE(Incidents(*desk_, seen).assess(kDeputy, id, Assessment::concern, "typed late", kSchoolDay + 1h));
  EXPECT_EQ((*incidents.find(kDsl, id))->assessment, Assessment::none);
}

TEST_F(EntriesOfTheDesk, AnswersToAReportAreAdded) {
  PageReports reports(*desk_);
  PageReport report;
  report.address = "maths.example";
  const std::string reference = *reports.submit(report, false, kSchoolDay);
  const std::string id = (*reports.find(kDsl, reference))->id;
  ASSERT_TRUE(reports.handle(kTechnician, id, PageReport::State::in_hand, "looking", kSchoolDay));
  ASSERT_TRUE(reports.handle(kDsl, id, PageReport::State::declined, "stays", kSchoolDay + 1h));
  const auto found = *reports.find(kDsl, id);
  ASSERT_EQ(found->answers.size(), 2u);
  EXPECT_EQ(found->answers[0].by, "t.ech");
  EXPECT_EQ(found->answers[0].text, "looking");
  EXPECT_EQ(found->answers[1].by, "d.lead");
  EXPECT_FALSE(reports.handle(kTechnician, id, PageReport::State::changed, "late", kSchoolDay + 2h, std::uint64_t(0)));
}

TEST_F(EntriesOfTheDesk, EarlierChecklistsCanBeRead) {
  Checklists lists(*desk_);
  ASSERT_TRUE(lists.edit(kDsl, {.theme = "gambling", .steps = {"Tell me"}, .contacts = {}}, kSchoolDay));
  ASSERT_TRUE(lists.edit(kDeputy, {.theme = "gambling", .steps = {"Tell us"}, .contacts = {}}, kSchoolDay + 1h));
  const auto kept = entries_of(desk_->database(), "checklist gambling");
  ASSERT_EQ(kept->size(), 2u);
  EXPECT_NE((*kept)[0].text.find("Tell me"), std::string::npos);
}

TEST_F(EntriesOfTheDesk, AWrongActionIsStruckThroughAndStays) {
  Incidents incidents(*desk_);
  const std::string id = *incidents.open(kDsl, {.title = "t"}, kSchoolDay);
  const IncidentAction action{.kind = ActionKind::police, .date = "2026-11-23", .who = "PC Jones", .how = "telephone"};
  const ActionDays days{.first = "2026-11-23", .today = "2026-11-24"};
  for (const char* day : {"2031-01-01", "2026-11-25", "2026-11-22", "tomorrow", ""}) {
    IncidentAction other = action;
    other.date = day;
    EXPECT_FALSE(incidents.add_action(kDsl, id, other, kSchoolDay, days)) << day;
  }
  for (const auto missing : {&IncidentAction::who, &IncidentAction::how}) {
    IncidentAction other = action;
    other.*missing = "  ";
    EXPECT_FALSE(incidents.add_action(kDsl, id, other, kSchoolDay, days));
  }
  ASSERT_TRUE(incidents.add_action(kDsl, id, action, kSchoolDay, days));
  const std::string done = (*incidents.find(kDsl, id))->actions[0].id;
  EXPECT_FALSE(incidents.strike_action(kDeputy, id, done, "", kSchoolDay)) << "without a reason";
  EXPECT_FALSE(incidents.strike_action(kDeputy, id, "none", "wrong child", kSchoolDay));
  ASSERT_TRUE(incidents.strike_action(kDeputy, id, done, "wrong child", kSchoolDay + 1h));
  EXPECT_FALSE(incidents.strike_action(kDsl, id, done, "again", kSchoolDay + 2h));
  const auto kept = (*incidents.find(kDsl, id))->actions;
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].recorded_by, "d.lead");
  EXPECT_EQ(kept[0].struck_by, "d.eputy");
  EXPECT_EQ(kept[0].struck_why, "wrong child");
}

TEST_F(EntriesOfTheDesk, EachPersonOfAnIncidentHasItsActionsInTheirAudit) {
  Incidents incidents(*desk_);
  const std::string id = *incidents.open(
      kDsl, {.title = "t", .subjects = {{.person = "amelia.hughes"}, {.person = "ben.jones"}}}, kSchoolDay);
  ASSERT_TRUE(incidents.add_action(
      kDsl, id, {.kind = ActionKind::police, .date = "2026-11-23", .who = "PC Jones", .how = "telephone"}, kSchoolDay));
  for (const char* person : {"amelia.hughes", "ben.jones"})
    EXPECT_EQ(desk_->journal({.what = "incident", .person = person})->size(), 2u) << person;
}

// The tables as the releases before November 2026 made them.
constexpr const char* kOldState = R"(
  CREATE TABLE journal(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor TEXT NOT NULL, what TEXT NOT NULL,
    about TEXT NOT NULL, person TEXT NOT NULL, detail TEXT NOT NULL);
  CREATE TABLE acknowledgements(episode TEXT PRIMARY KEY, actor TEXT NOT NULL, at INTEGER NOT NULL,
    assessment INTEGER NOT NULL, note TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE incidents(id TEXT PRIMARY KEY, reference TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    opened INTEGER NOT NULL, opened_by TEXT NOT NULL, assessment INTEGER NOT NULL DEFAULT 0,
    assessment_reason TEXT NOT NULL DEFAULT '', assessed_by TEXT NOT NULL DEFAULT '', assessed_at INTEGER,
    lessons TEXT NOT NULL DEFAULT '', policy_change TEXT NOT NULL DEFAULT '', case_reference TEXT NOT NULL DEFAULT '',
    review_by TEXT NOT NULL DEFAULT '', hold INTEGER NOT NULL DEFAULT 0, hold_reason TEXT NOT NULL DEFAULT '',
    hold_by TEXT NOT NULL DEFAULT '', closed INTEGER, closed_by TEXT NOT NULL DEFAULT '',
    outcome TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
  INSERT INTO acknowledgements VALUES('e1', 'd.lead', 1000, 5, 'a lesson'), ('e2', 'd.eputy', 2000, 0, '');
  INSERT INTO incidents(id, reference, title, opened, opened_by, assessment, assessment_reason, assessed_by,
    assessed_at, lessons, hold, hold_reason, hold_by)
    VALUES('i1', 'REF-1', 'old', 500, 'd.lead', 1, 'said so', 'h.ead', 3000, 'look closer', 1, 'police', 'd.lead');
  INSERT INTO journal VALUES(1, 2500, 'd.eputy', 'incident', 'REF-1', '', 'lessons written');
)";

TEST(EntriesOfAnOlderRelease, AreTakenOverOnceWithAuthorAndMoment) {
  const TemporaryFolder folder;
  {
    auto old = store::Database::open(folder.path() / kDeskFile, store::Database::Access::write);
    ASSERT_TRUE(old.has_value());
    ASSERT_TRUE(old->run(kOldState).has_value());
  }
  for (int opening = 0; opening < 2; ++opening) {
    const auto desk = DeskStore::open(folder.path());
    ASSERT_TRUE(desk.has_value()) << desk.error().text();
    const auto first = *(*desk)->acknowledgements("e1");
    ASSERT_EQ(first.size(), 1u);
    EXPECT_EQ(first[0].by, "d.lead");
    EXPECT_EQ(first[0].text, "a lesson");
    EXPECT_EQ(first[0].choice, "false-positive");
    EXPECT_EQ(first[0].at.time_since_epoch().count(), 1000);
    EXPECT_TRUE(*(*desk)->is_taken_up("e2"));
    const auto incident = *Incidents(**desk).find(kDsl, "i1");
    ASSERT_TRUE(incident.has_value());
    std::string all;
    for (const Entry& entry : incident->history)
      all += entry.field + " by " + entry.by + ": " + entry.choice + " " + entry.text + "\n";
    EXPECT_EQ(all,
              "legal hold by d.lead: set police\nlessons by d.eputy:  look closer\n"
              "assessment by h.ead: concern said so\n");
  }
}

TEST(EntriesOfAnOlderRelease, AreTakenOverAgainAfterItRanInBetween) {
  const TemporaryFolder folder;
  {
    ASSERT_TRUE((*DeskStore::open(folder.path()))->acknowledge(kDsl, "e1", "", kSchoolDay));
  }
  {
    auto old = store::Database::open(folder.path() / kDeskFile, store::Database::Access::write);
    ASSERT_TRUE(
        old->run("CREATE TABLE acknowledgements(episode TEXT PRIMARY KEY, actor TEXT NOT NULL, at INTEGER NOT"
                 " NULL, assessment INTEGER NOT NULL, note TEXT NOT NULL) WITHOUT ROWID;"
                 "INSERT INTO acknowledgements VALUES('e1', 'd.eputy', 9000, 1, 'from before')"));
  }
  const auto desk = DeskStore::open(folder.path());
  EXPECT_EQ((*desk)->acknowledgements("e1")->size(), 2u);
}

// What an older release does to an incident: it writes over the row, and makes its table of acknowledgements.
constexpr const char* kOlderReleaseRuns = R"(
  CREATE TABLE acknowledgements(episode TEXT PRIMARY KEY, actor TEXT NOT NULL, at INTEGER NOT NULL,
    assessment INTEGER NOT NULL, note TEXT NOT NULL) WITHOUT ROWID;
  UPDATE incidents SET assessment = 2, assessment_reason = 'the log says so', assessed_by = 'h.ead',
    assessed_at = 4000000000000, lessons = 'Look closer', case_reference = '', review_by = '2026-12-24';
  UPDATE incident_subjects SET role = 2;
)";

TEST(EntriesOfAnOlderRelease, FieldsThatItChangedInBetweenAreTakenOver) {
  const TemporaryFolder folder;
  std::string id;
  {
    const auto desk = *DeskStore::open(folder.path());
    Incidents incidents(*desk);
    id = *incidents.open(kDsl, {.title = "t", .subjects = {{.person = "amelia.hughes"}}}, kSchoolDay);
    ASSERT_TRUE(incidents.assess(kDsl, id, Assessment::concern, "she said so", kSchoolDay));
    ASSERT_TRUE(incidents.set_case_reference(kDsl, id, "CPOMS-1", kSchoolDay));
    ASSERT_TRUE(incidents.set_review(kDsl, id, "2026-12-07", kSchoolDay));
    ASSERT_TRUE(incidents.set_hold(kDsl, id, true, "police", kSchoolDay));
  }
  {
    auto old = store::Database::open(folder.path() / kDeskFile, store::Database::Access::write);
    ASSERT_TRUE(old->run(kOlderReleaseRuns));
  }
  for (int opening = 0; opening < 2; ++opening) {
    const auto desk = *DeskStore::open(folder.path());
    std::vector<std::string> all;
    const auto incident = *Incidents(*desk).find(kDsl, id);
    for (const Entry& entry : incident->history) all.push_back(entry.field + ": " + entry.choice + " " + entry.text);
    std::ranges::sort(all);
    EXPECT_EQ(all, (std::vector<std::string>{
                       "assessment: accidental the log says so", "assessment: concern she said so",
                       "case reference:  ", "case reference:  CPOMS-1", "legal hold: set police",
                       "lessons:  Look closer", "person: set amelia.hughes: alleged",
                       "person: set amelia.hughes: child", "review:  2026-12-07", "review:  2026-12-24"}));
  }
}

}  // namespace
}  // namespace schoolgate::casework
