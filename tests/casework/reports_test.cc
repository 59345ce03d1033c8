// Daily sums and what is reported from them.
#include "casework/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "breaches/flat_json.h"
#include "casework/checks_log.h"
#include "casework/sums.h"
#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using namespace std::chrono;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr sys_days kMonday = 2026y / November / 23;

class ReportsOfTheDesk : public DeskFixture {
 protected:
  void SetUp() override {
    DeskFixture::SetUp();
    keep({});
  }
  void sum_up(LocalClock clock = east) {
    Sums sums(*desk_, decisions(), std::move(clock));
    for (auto progress = sums.advance(100); progress && progress->more; progress = sums.advance(100)) {
    }
  }
  Reports reports(LocalClock clock = east) {
    auto opened = Reports::open(*desk_, std::move(clock));
    if (!opened) throw std::runtime_error(opened.error().text());
    return *std::move(opened);
  }
  DayRange week_{kMonday, kMonday + days(6)};
};

TEST_F(ReportsOfTheDesk, CountByThemeGroupWeekAndHourInTheSitesTime) {
  keep({breach_of("amelia.hughes", kSchoolDay), breach_of("amelia.hughes", kSchoolDay + 1min),
        breach_of("ben.jones", kSchoolDay + 1h, "pornography", 3),
        breach_of("ben.jones", at("2026-11-29T23:30:00Z"), "pornography", 3)});  // already Monday there
  decide(
      {request(kSchoolDay, "a.example"), request(kSchoolDay, "b.example"), request(kSchoolDay, "c.example", "block")});
  sum_up();
  auto trends = reports().trends(week_);
  ASSERT_TRUE(trends.has_value()) << trends.error().text();
  EXPECT_EQ(trends->attempts, 3u);
  EXPECT_EQ(trends->blocked, 3u);
  EXPECT_EQ(trends->episodes, 2u);
  EXPECT_EQ(trends->decisions, 3u);
  ASSERT_EQ(trends->themes.size(), 2u);
  EXPECT_EQ(trends->themes[0].name, "gambling");
  EXPECT_EQ(trends->themes[0].attempts, 2u);
  EXPECT_EQ(trends->themes[0].episodes, 1u);
  EXPECT_EQ(trends->hours[11], 2u);
  EXPECT_EQ(trends->hours[12], 1u);
  EXPECT_EQ(trends->weekdays[0], 3u);
  ASSERT_EQ(trends->weeks.size(), 1u);
  trends = reports().trends({kMonday, kMonday + days(13)});
  ASSERT_EQ(trends->weeks.size(), 2u);
  EXPECT_EQ(trends->weeks[1].attempts, 1u);
  EXPECT_EQ(trends->weeks[1].episodes, 1u);
  EXPECT_EQ(trends->theme_weeks[0].second.size(), 2u);
  EXPECT_FALSE(reports().trends({kMonday, kMonday - days(1)}).has_value());
}

TEST_F(ReportsOfTheDesk, TheSelfTestCountsAsNothing) {
  breaches::Breach probe = breach_of("amelia.hughes", kSchoolDay);
  probe.person.reset();
  probe.confidence = breaches::kSelftest;
  keep({probe, breach_of("amelia.hughes", kSchoolDay + 1min)});
  breaches::Decision asked = request(kSchoolDay, "a.example", "block");
  asked.confidence = breaches::kSelftest;
  decide({asked, request(kSchoolDay, "b.example")});
  sum_up();
  const auto trends = reports().trends(week_);
  ASSERT_TRUE(trends.has_value()) << trends.error().text();
  EXPECT_EQ(trends->attempts, 1u);
  EXPECT_EQ(trends->episodes, 1u);
  EXPECT_EQ(trends->decisions, 1u);
}

TEST_F(ReportsOfTheDesk, NothingIsSummedTwiceAcrossRestartsAndRenamedFiles) {
  keep({breach_of("amelia.hughes", kSchoolDay)});
  decide({request(kSchoolDay, "a.example"), request(kSchoolDay, "b.example")});
  sum_up();
  sum_up();
  std::filesystem::rename(decisions(), folder_.path() / "decisions-2026-11-23.jsonl");
  reopen();
  decide({request(kSchoolDay + 24h, "c.example")});
  keep({breach_of("amelia.hughes", kSchoolDay + 1min)});
  sum_up();
  sum_up();
  const auto trends = reports().trends(week_);
  EXPECT_EQ(trends->decisions, 3u);
  EXPECT_EQ(trends->attempts, 2u);
}

TEST_F(ReportsOfTheDesk, AHalfWrittenLineIsReadWhenItIsWhole) {
  decide({request(kSchoolDay, "a.example")});
  std::string text = *read_file(decisions());
  const std::string line = text;
  ASSERT_TRUE(replace_file(decisions(), line + line.substr(0, 40)).has_value());
  sum_up();
  ASSERT_TRUE(replace_file(decisions(), line + line).has_value());
  sum_up();
  EXPECT_EQ(reports().trends(week_)->decisions, 2u);
}

TEST_F(ReportsOfTheDesk, RepeatSubjectsAreNamedToTheLeadOnly) {
  keep({breach_of("amelia.hughes", kSchoolDay), breach_of("amelia.hughes", kSchoolDay + 1h),
        breach_of("ben.jones", kSchoolDay + 2h), breach_of("d.lead", kSchoolDay + 3h),
        breach_of("d.lead", kSchoolDay + 4h)});
  const auto of_lead = reports().repeat_subjects(kDsl, week_);
  ASSERT_EQ(of_lead->size(), 1u);
  EXPECT_EQ((*of_lead)[0].person, "amelia.hughes");
  EXPECT_EQ((*of_lead)[0].episodes, 2u);
  EXPECT_EQ(reports().repeat_subjects(kHead, week_)->size(), 2u);
  for (const RepeatSubject& one : *reports().repeat_subjects(kTechnician, week_)) EXPECT_TRUE(one.person.empty());
  EXPECT_TRUE(reports().repeat_subjects(kGovernor, week_)->empty());
}

TEST_F(ReportsOfTheDesk, TimeToAcknowledgeAndFalsePositives) {
  keep({breach_of("amelia.hughes", kSchoolDay, "suicide", 5), breach_of("ben.jones", kSchoolDay, "self-harm", 4),
        breach_of("cara.smith", kSchoolDay, "gambling", 2)});
  const auto rows = reader().list(kDsl, {.order = EpisodeOrder::most_urgent})->rows;
  ASSERT_TRUE(desk_->acknowledge(kDsl, rows[0].id, "", kSchoolDay + 4min, Assessment::concern));
  ASSERT_TRUE(desk_->acknowledge(kDsl, rows[2].id, "", kSchoolDay + 1h, Assessment::false_positive));
  const auto reaction = reports().reaction(week_);
  EXPECT_EQ(reaction->episodes, 2u);
  EXPECT_EQ(reaction->acknowledged, 1u);
  EXPECT_EQ(reaction->urgent_waiting, 1u);
  EXPECT_EQ(reaction->median, 4min);
  EXPECT_EQ(reaction->longest, 4min);
  EXPECT_EQ(reaction->assessed, 2u);
  EXPECT_EQ(reaction->false_positive_rate(), 50.0);
  // An incident's assessment is worth more than the quick one.
  Incidents incidents(*desk_);
  const auto id = incidents.open(kDsl, {.title = "t", .episodes = {rows[0].id}, .subjects = {}}, kSchoolDay);
  ASSERT_TRUE(incidents.assess(kDsl, *id, Assessment::curriculum, "", kSchoolDay));
  EXPECT_EQ(reports().reaction(week_)->curriculum, 1u);
  EXPECT_EQ(reports().reaction(week_)->concerns, 0u);
  EXPECT_FALSE(Reaction{}.false_positive_rate().has_value());
}

TEST_F(ReportsOfTheDesk, TurnaroundOfPageReports) {
  PageReports queue(*desk_);
  PageReport report;
  report.address = "maths.example";
  const auto first = queue.submit(report, false, kSchoolDay);
  ASSERT_TRUE(queue.submit(report, false, kSchoolDay).has_value());
  ASSERT_TRUE(queue.handle(kTechnician, *first, PageReport::State::changed, "opened", kSchoolDay + 2h));
  const auto turnaround = reports().page_reports(week_);
  EXPECT_EQ(turnaround->received, 2u);
  EXPECT_EQ(turnaround->handled, 1u);
  EXPECT_EQ(turnaround->waiting, 1u);
  EXPECT_EQ(turnaround->median, 2h);
}

TEST_F(ReportsOfTheDesk, GovernorsSeeNoNamesAndNoSmallNumbers) {
  std::vector<breaches::Breach> breaches = {breach_of("amelia.hughes", kSchoolDay, "suicide", 5),
                                            breach_of("amelia.hughes", kSchoolDay + 1h, "suicide", 5)};
  for (int i = 0; i < 4; ++i) breaches.push_back(breach_of("pupil" + std::to_string(i), kSchoolDay + i * 1h));
  keep(breaches);
  sum_up();
  Incidents incidents(*desk_);
  ASSERT_TRUE(
      incidents.open(kDsl, {.title = "t", .episodes = {}, .subjects = {{.person = "amelia.hughes"}}}, kSchoolDay));
  const auto report = reports().governors(week_, kSchoolDay);
  ASSERT_TRUE(report.has_value()) << report.error().text();
  // Suicide is one child's. Beside the sum it would follow from gambling, so that both are hidden, and together they
  // are all that there was.
  ASSERT_EQ(report->trends.themes.size(), 1u);
  EXPECT_EQ(report->trends.themes[0].name, "others, together");
  EXPECT_EQ(report->trends.themes[0].attempts, 6u);
  EXPECT_TRUE(report->trends.theme_weeks.empty());
  EXPECT_EQ(report->people.text(), "5");
  EXPECT_EQ(report->repeat_people.text(), "fewer than 3");
  EXPECT_EQ(report->incidents_opened.text(), "not shown");
  EXPECT_EQ(report->reaction.episodes.text(), "not shown");
  EXPECT_EQ(report->reaction.median, std::nullopt);
}

TEST_F(ReportsOfTheDesk, OneChildsManyAttemptsAreASmallNumber) {
  std::vector<breaches::Breach> breaches;
  for (int i = 0; i < 18; ++i) breaches.push_back(breach_of("amelia.hughes", kSchoolDay + i * 20min));
  keep(breaches);
  sum_up();
  const auto report = reports().governors(week_, kSchoolDay);
  ASSERT_TRUE(report.has_value()) << report.error().text();
  EXPECT_EQ(report->trends.attempts.text(), "not shown");
  EXPECT_EQ(report->trends.episodes.text(), "not shown");
  EXPECT_TRUE(report->trends.groups.empty());
  EXPECT_TRUE(report->trends.themes.empty());
  for (const ShownNumber& hour : report->trends.hours) EXPECT_NE(hour.text(), "18");
}

TEST_F(ReportsOfTheDesk, TheInspectionPackAnswersTheUsualQuestionsWithoutNames) {
  keep({breach_of("amelia.hughes", kSchoolDay)});
  sum_up();
  ASSERT_TRUE(ChecksLog(*desk_).record({.id = {},
                                        .at = kSchoolDay,
                                        .by = "t.ech",
                                        .kind = "selftest",
                                        .devices = {},
                                        .results = {{"ks2", "explicit", "x", "block", "block", true}}},
                                       kSchoolDay));
  const InspectionFacts facts{.school = "Ashford Oaks Primary School",
                              .gateway = "gw-1",
                              .policy_version = "6f1c",
                              .approvals = {{"allow probability-lesson.example", "headteacher, RA-2026-014"}},
                              .lists = {{"ut1-gambling", "2 h old, 41,000 entries"}},
                              .cannot_see = {"search words on sites that are not opened <b>"}};
  const auto pack = reports().inspection_pack(facts, week_, kSchoolDay);
  ASSERT_TRUE(pack.has_value()) << pack.error().text();
  const std::string text = to_text(*pack);
  for (const char* part :
       {"RA-2026-014", "41,000 entries", "selftest by t.ech, 1 of 1", "policy 6f1c", "none assessed"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(text, Not(HasSubstr("amelia")));
  EXPECT_TRUE(breaches::FlatJson::parse(to_json(*pack)).has_value());
}

}  // namespace
}  // namespace schoolgate::casework
