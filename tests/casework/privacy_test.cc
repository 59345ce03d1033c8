#include "casework/privacy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "breaches/flat_json.h"
#include "breaches/verify.h"
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
  EXPECT_GE(*erased, 3u);
  EXPECT_TRUE(desk_->journal({.person = "amelia.hughes"})->empty());
  EXPECT_TRUE(PageReports(*desk_).list(kDsl, {})->front().name.empty());
  EXPECT_EQ(privacy.deletions()->front().kind, "one person's data");
  EXPECT_EQ(privacy.deletions()->front().by, "h.ead");
}

}  // namespace
}  // namespace schoolgate::casework
