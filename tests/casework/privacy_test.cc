#include "casework/privacy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "breaches/flat_json.h"
#include "breaches/verify.h"
#include "casework/assignments.h"
#include "casework/duty.h"
#include "casework/kept_people.h"
#include "casework/page_reports.h"
#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kYear = std::chrono::hours(24 * 366);

class PrivacyOfTheDesk : public DeskFixture {
 protected:
  std::string closed_incident(const std::string& person, bool hold) {
    Incidents incidents(*desk_);
    const auto id = incidents.open(kDsl, {.title = "t", .episodes = {}, .subjects = {{.person = person}}}, kSchoolDay);
    EXPECT_TRUE(incidents.add_note(kDsl, *id, "a note about " + person, kSchoolDay).has_value());
    EXPECT_TRUE(incidents.assess(kDsl, *id, Assessment::concern, "", kSchoolDay).has_value());
    EXPECT_TRUE(incidents.close(kDsl, *id, "over", kSchoolDay).has_value());
    if (hold) EXPECT_TRUE(incidents.set_hold(kDsl, *id, true, "police", kSchoolDay).has_value());
    return *id;
  }
  std::string exported_person(const std::string& person, Privacy::Form form, const Viewer& viewer = kDsl) {
    std::string out;
    auto done = Privacy(*desk_).export_person(viewer, person, decisions(), form, east, kSchoolDay + 1h,
                                              [&](std::string_view piece) {
                                                out += piece;
                                                return true;
                                              });
    return done ? out : "error: " + done.error().text();
  }
};

TEST_F(PrivacyOfTheDesk, WhatIsOverItsTimeGoesAndIsCounted) {
  const std::string id = closed_incident("amelia.hughes", false);
  ASSERT_TRUE(desk_->acknowledge(kDsl, "e1", "amelia.hughes", kSchoolDay).has_value());
  Privacy privacy(*desk_);
  EXPECT_TRUE(privacy.enforce({}, kSchoolDay + 24h)->empty());
  const auto deletions = privacy.enforce({}, kSchoolDay + kYear);
  ASSERT_TRUE(deletions.has_value()) << deletions.error().text();
  EXPECT_EQ(deletions->size(), 3u);  // incident, acknowledgement, names in the journal
  EXPECT_FALSE(Incidents(*desk_).find(kDsl, id)->has_value());
  EXPECT_TRUE(desk_->journal({.person = "amelia.hughes"})->empty());
  EXPECT_FALSE(desk_->journal({})->empty());
  const auto logged = privacy.deletions();
  ASSERT_EQ(logged->size(), 3u);
  for (const Deletion& deletion : *logged) {
    EXPECT_GT(deletion.count, 0u);
    EXPECT_EQ(deletion.by, "retention");
    EXPECT_THAT(deletion.kind, Not(HasSubstr("amelia")));
  }
  auto notes = desk_->database().prepare("SELECT count(*) FROM incident_notes");
  ASSERT_EQ(notes->step(), store::Statement::Step::row);
  EXPECT_EQ(notes->integer(0), 0);
  notes->reset();
  EXPECT_FALSE(breaches::verify_chain(folder_.path() / kDeskFile, folder_.path())->fault.has_value());
  EXPECT_TRUE(privacy.enforce({}, kSchoolDay + kYear)->empty()) << "nothing is left to remove";
}

TEST_F(PrivacyOfTheDesk, NotesTakenOverFromAnOlderReleaseAreOfTheirPerson) {
  keep({breach_of("amelia.hughes", kSchoolDay), breach_of("ben.jones", kSchoolDay)});
  for (const EpisodeRow& row : reader().list(kDsl, {})->rows) {
    const std::string old =
        "CREATE TABLE IF NOT EXISTS acknowledgements(episode TEXT PRIMARY KEY, actor TEXT NOT NULL, at INTEGER NOT "
        "NULL,"
        " assessment INTEGER NOT NULL, note TEXT NOT NULL) WITHOUT ROWID;"
        "INSERT INTO acknowledgements VALUES('" +
        row.id + "', 'd.lead', 1000, 1, 'an old note about " + row.person + "')";
    const auto put = desk_->database().run(old.c_str());
    ASSERT_TRUE(put.has_value()) << put.error().text();
  }
  reopen();
  EXPECT_THAT(exported_person("amelia.hughes", Privacy::Form::text), HasSubstr("an old note about amelia.hughes"));
  EXPECT_THAT(exported_person("amelia.hughes", Privacy::Form::text), Not(HasSubstr("ben.jones")));
  const auto erased = Privacy(*desk_).erase_person(kDsl, "amelia.hughes", kSchoolDay + 1h);
  ASSERT_TRUE(erased.has_value()) << erased.error().text();
  EXPECT_EQ(erased->entries, 1u);
  EXPECT_THAT(exported_person("amelia.hughes", Privacy::Form::text), Not(HasSubstr("an old note")));
  EXPECT_THAT(exported_person("ben.jones", Privacy::Form::text), HasSubstr("an old note about ben.jones"));
}

TEST_F(PrivacyOfTheDesk, AHoldKeepsTheIncidentAndItsPeople) {
  const std::string id = closed_incident("amelia.hughes", true);
  Privacy privacy(*desk_);
  EXPECT_TRUE(privacy.enforce({}, kSchoolDay + kYear)->empty());
  EXPECT_TRUE(Incidents(*desk_).find(kDsl, id)->has_value());
  EXPECT_FALSE(desk_->journal({.person = "amelia.hughes"})->empty());
  EXPECT_THAT(*privacy.held_people(), testing::ElementsAre("amelia.hughes"));
  EXPECT_FALSE(privacy.erase_person(kDsl, "amelia.hughes", kSchoolDay).has_value());
  ASSERT_TRUE(Incidents(*desk_).set_hold(kDsl, id, false, "police agree", kSchoolDay + kYear).has_value());
  EXPECT_FALSE(privacy.enforce({}, kSchoolDay + kYear)->empty());
}

TEST_F(PrivacyOfTheDesk, TheBreachLogKeepsWhatIsHeldAndNamesTheDay) {
  keep({breach_of("amelia.hughes", kSchoolDay), breach_of("ben.jones", kSchoolDay + 48h)});
  EXPECT_FALSE(oldest_held(folder_.path())->has_value());
  const auto rows = reader().list(kDsl, {.person = "ben.jones"})->rows;
  Incidents incidents(*desk_);
  const auto id = incidents.open(kDsl, {.title = "t", .episodes = {rows[0].id}, .subjects = {}}, kSchoolDay);
  ASSERT_TRUE(incidents.set_hold(kDsl, *id, true, "police", kSchoolDay).has_value());
  EXPECT_EQ(*oldest_held(folder_.path()), kSchoolDay + 48h);
  // A log with a retention of a second removes what lies before the held day, and nothing of it.
  breaches::BreachLogSettings settings = settings_in(folder_.path());
  settings.retention = std::chrono::seconds(1);
  settings.oldest_held = [this] { return oldest_held(folder_.path()); };
  {
    const auto log = open_log(settings);
    ASSERT_TRUE(append_and_wait(*log, breach_of("cara.smith", wall_now())).durable);
  }
  {
    const auto log = open_log(settings);
    ASSERT_TRUE(append_and_wait(*log, breach_of("cara.smith", wall_now())).durable);
  }
  const std::string left = exported(folder_.path());
  EXPECT_THAT(left, HasSubstr("ben.jones"));
  EXPECT_THAT(left, HasSubstr("cara.smith"));
}

TEST_F(PrivacyOfTheDesk, TheOldJournalIsCutAndStaysAChain) {
  ASSERT_TRUE(desk_->record_view(kDsl, "a", "amelia.hughes", kSchoolDay).has_value());
  ASSERT_TRUE(desk_->record_view(kDsl, "b", "amelia.hughes", kSchoolDay + kYear * 8).has_value());
  const auto deletions = Privacy(*desk_).enforce({}, kSchoolDay + kYear * 8 + 24h);
  ASSERT_TRUE(deletions.has_value()) << deletions.error().text();
  EXPECT_TRUE(std::ranges::any_of(*deletions, [](const Deletion& d) { return d.kind == "journal entries"; }));
  EXPECT_FALSE(breaches::verify_chain(folder_.path() / kDeskFile, folder_.path())->fault.has_value());
  for (const JournalEntry& entry : *desk_->journal({})) EXPECT_NE(entry.about, "a");
}

TEST_F(PrivacyOfTheDesk, APersonGetsAllThatIsKeptAboutThemAndNothingOfOthers) {
  keep({breach_of("amelia.hughes", kSchoolDay), breach_of("ben.jones", kSchoolDay),
        illegal(breach_of("amelia.hughes", kSchoolDay + 1h))});
  Incidents incidents(*desk_);
  ASSERT_TRUE(incidents.open(
      kDsl,
      {.title = "about Ben too", .episodes = {}, .subjects = {{.person = "amelia.hughes"}, {.person = "ben.jones"}}},
      kSchoolDay));
  PageReport report;
  report.address = "maths.example";
  report.said = "line one\nline two";
  report.person = "amelia.hughes";
  ASSERT_TRUE(PageReports(*desk_).submit(report, false, kSchoolDay).has_value());
  ASSERT_TRUE(desk_->record_view(kDeputy, "x", "amelia.hughes", kSchoolDay).has_value());
  {
    std::ofstream file(decisions());
    file << R"({"time":"2026-11-23T09:30:00.000Z","device":"10.20.2.7","person":"amelia.hughes","host":"a.example"})"
         << '\n'
         << R"({"time":"2026-11-23T09:31:00.000Z","device":"10.20.2.7","person":"ben.jones","host":"b.example"})"
         << '\n';
  }
  const std::string out = exported_person("amelia.hughes", Privacy::Form::json);
  std::map<std::string, int> kinds;
  for (const std::string& line : lines_of(out)) {
    const auto json = breaches::FlatJson::parse(line);
    ASSERT_TRUE(json.has_value()) << line;
    ++kinds[std::string(json->text("kind"))];
  }
  EXPECT_EQ(kinds["episode"], 2);
  EXPECT_EQ(kinds["attempt"], 2);
  EXPECT_EQ(kinds["incident"], 1);
  EXPECT_EQ(kinds["page report"], 1);
  EXPECT_GE(kinds["looked at or written"], 2);
  EXPECT_EQ(kinds["decision"], 1);
  EXPECT_THAT(out, Not(HasSubstr("ben")));
  EXPECT_THAT(out, Not(HasSubstr("Ben")));
  EXPECT_THAT(out, Not(HasSubstr("never-shown")));
  const std::string text = exported_person("amelia.hughes", Privacy::Form::text);
  EXPECT_THAT(text, HasSubstr("[attempt]"));
  EXPECT_THAT(text, HasSubstr("said: line one\n    line two"));
  EXPECT_EQ(desk_->journal({.what = "export"})->size(), 2u);
}

TEST_F(PrivacyOfTheDesk, WhoHasAnEpisodeIsNoAssessmentOfAPerson) {
  keep({breach_of("amelia.hughes", kSchoolDay)});
  const auto today = std::chrono::floor<std::chrono::days>(kSchoolDay);
  const std::string id = reader().list(kDsl, {})->rows.at(0).id;
  ASSERT_TRUE(Assignments(*desk_).take(
      kDsl, id, "amelia.hughes",
      {.owner = {.user = "d.eputy", .role = Role::deputy}, .due = today + std::chrono::days(1), .today = today},
      kSchoolDay));
  const std::string out = exported_person("amelia.hughes", Privacy::Form::json);
  EXPECT_THAT(out, HasSubstr(R"("owner":"d.eputy")"));
  EXPECT_THAT(out, Not(HasSubstr(R"("assessment":"d.eputy")")));
}

TEST_F(PrivacyOfTheDesk, WhatAnAccountSaidBeforeGoesAndWhatHoldsStays) {
  DutyBook book(*desk_);
  const auto today = std::chrono::floor<std::chrono::days>(kSchoolDay);
  std::array<Colleague, 7> week;
  ASSERT_TRUE(book.set_rota(kDsl, week, kSchoolDay));
  week[0] = {.user = "d.eputy", .role = Role::deputy};
  ASSERT_TRUE(book.set_rota(kDsl, week, kSchoolDay));
  ASSERT_TRUE(book.set_absence(kDsl, Absence{today, today, {}}, std::nullopt, today, kSchoolDay));
  ASSERT_TRUE(book.set_absence(kDsl, std::nullopt, std::nullopt, today, kSchoolDay));
  const TimePoint later = kSchoolDay + std::chrono::days(10'000);
  ASSERT_TRUE(Privacy(*desk_).enforce({}, later));
  EXPECT_EQ(entries_of(desk_->database(), "rota")->size(), 1u);
  EXPECT_EQ(entries_of(desk_->database(), "account d.lead")->size(), 1u);
  EXPECT_EQ(book.read()->rota[0], "d.eputy");
  EXPECT_TRUE(book.read()->absences.empty());
}

TEST_F(PrivacyOfTheDesk, OnlyLeadAndHeadExportAndNobodyThemselves) {
  for (const Viewer& viewer : {kDeputy, kTechnician, kGovernor})
    EXPECT_THAT(exported_person("amelia.hughes", Privacy::Form::json, viewer), HasSubstr("error"));
  EXPECT_THAT(exported_person("d.lead", Privacy::Form::json), HasSubstr("error"));
  EXPECT_THAT(exported_person("", Privacy::Form::json), HasSubstr("error"));
  EXPECT_TRUE(desk_->journal({})->empty());
}

TEST_F(PrivacyOfTheDesk, ErasingTakesAPersonOutOfTheDesk) {
  closed_incident("amelia.hughes", false);
  PageReport report;
  report.address = "maths.example";
  report.person = "amelia.hughes";
  report.name = "Amelia";
  ASSERT_TRUE(PageReports(*desk_).submit(report, false, kSchoolDay).has_value());
  Privacy privacy(*desk_);
  EXPECT_FALSE(privacy.erase_person(kDeputy, "amelia.hughes", kSchoolDay).has_value());
  const auto erased = privacy.erase_person(kHead, "amelia.hughes", kSchoolDay);
  ASSERT_TRUE(erased.has_value()) << erased.error().text();
  EXPECT_EQ(erased->incidents, 1u);
  EXPECT_EQ(erased->reports, 1u);
  EXPECT_GE(erased->journal, 1u);
  EXPECT_TRUE(desk_->journal({.person = "amelia.hughes"})->empty());
  EXPECT_TRUE(PageReports(*desk_).list(kDsl, {})->front().name.empty());
  EXPECT_EQ(privacy.deletions()->front().kind, "one person's data");
  EXPECT_EQ(privacy.deletions()->front().by, "h.ead");
}

TEST_F(PrivacyOfTheDesk, ErasingTakesTheWordsAndLeavesAuthorAndMoment) {
  ASSERT_TRUE(desk_->acknowledge(kDsl, "e1", "amelia.hughes", kSchoolDay, Assessment::concern, "Amelia cried"));
  const auto erased = Privacy(*desk_).erase_person(kHead, "amelia.hughes", kSchoolDay + 1h);
  ASSERT_TRUE(erased.has_value()) << erased.error().text();
  EXPECT_EQ(erased->entries, 1u);
  EXPECT_THAT(Privacy::words_of(*erased), HasSubstr("1 note or assessment"));
  const auto entries = *desk_->acknowledgements("e1");
  ASSERT_EQ(entries.size(), 1u) << "taken up it stays, or it would alarm again";
  EXPECT_EQ(entries[0].by, "d.lead");
  EXPECT_TRUE(entries[0].text.empty());
  EXPECT_TRUE(entries[0].person.empty());
}

TEST_F(PrivacyOfTheDesk, OfSomebodyUnknownNothingIsErasedOrExported) {
  closed_incident("amelia.hughes", false);
  Privacy privacy(*desk_);
  for (const char* person : {"amelia.hughes2", "Amelia Hughes", "nobody"}) {
    const auto erased = privacy.erase_person(kDsl, person, kSchoolDay);
    ASSERT_FALSE(erased.has_value()) << person;
    EXPECT_EQ(erased.error().fault, Fault::client);
    EXPECT_THAT(erased.error().text(), HasSubstr("nothing is kept about"));
    EXPECT_THAT(exported_person(person, Privacy::Form::json), HasSubstr("nothing is kept about")) << person;
  }
  EXPECT_TRUE(privacy.deletions()->empty());
  EXPECT_TRUE(desk_->journal({.what = "export"})->empty());
}

TEST_F(PrivacyOfTheDesk, APersonIsFoundByAccountAndByNameAndAskedForWhenSeveralAreMeant) {
  keep({breach_of("amelia.hughes", kSchoolDay), breach_of("ben.jones", kSchoolDay), breach_of("b.jones2", kSchoolDay),
        breach_of("d.lead", kSchoolDay)});
  KeptPeople people(*desk_, [](std::string_view account) {
    return account == "amelia.hughes" ? std::string("Amelia Hughes")
           : account == "d.lead"      ? std::string("Dora Lead")
                                      : std::string("Ben Jones");
  });
  for (const char* typed : {"amelia.hughes", "AMELIA.Hughes", "amelia hughes", " Amelia Hughes (amelia.hughes) "}) {
    const auto meant = people.meant(kDsl, typed);
    ASSERT_TRUE(meant.has_value() && *meant) << typed;
    EXPECT_EQ((*meant)->account, "amelia.hughes");
  }
  EXPECT_FALSE(people.meant(kDsl, "Amelia")->has_value()) << "a part of a name means nobody";
  const auto several = people.meant(kDsl, "Ben Jones");
  ASSERT_FALSE(several.has_value());
  EXPECT_THAT(several.error().text(), testing::AllOf(HasSubstr("b.jones2"), HasSubstr("ben.jones")));
  EXPECT_EQ((*people.meant(kDsl, "b.jones2"))->account, "b.jones2");
  EXPECT_EQ(people.matching(kDsl, "jo be")->size(), 2u);
  EXPECT_EQ(people.matching(kDsl, "HUGH")->size(), 1u);
  EXPECT_TRUE(people.matching(kDsl, "lead")->empty()) << "nobody finds what is about themselves";
  EXPECT_EQ(people.matching(kHead, "lead")->size(), 1u);
  for (const Viewer& viewer : {kTechnician, kGovernor}) EXPECT_TRUE(people.matching(viewer, "amelia")->empty());
}

}  // namespace
}  // namespace schoolgate::casework
