#include "casework/episode_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "casework/sums.h"
#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using EpisodeView = DeskFixture;

TEST_F(EpisodeView, ASumOfAMinuteCountsEverywhereAsItsAttempts) {
  breaches::Breach first = breach_of("amelia.hughes", kSchoolDay), sum = breach_of("amelia.hughes", kSchoolDay + 50s);
  sum.attempts = 57;
  sum.addresses = 12;
  keep({first, sum});
  const EpisodeDetail episode = only_episode();
  EXPECT_EQ(episode.row.attempts, 58u);
  EXPECT_EQ(episode.records_total, 2u);
  ASSERT_EQ(episode.sites.size(), 1u);
  EXPECT_EQ(episode.sites[0].attempts, 58u);
  EXPECT_EQ(episode.records[1].attempts, 57u);
  EXPECT_EQ(episode.records[1].addresses, 12u);
  Sums sums(*desk_, decisions(), {});
  while (sums.advance(100)->more) {
  }
  std::uint64_t counted = 0;
  auto query = desk_->database().prepare("SELECT sum(n) FROM breach_hours");
  ASSERT_EQ(query->step(), store::Statement::Step::row);
  counted = std::uint64_t(query->integer(0));
  EXPECT_EQ(counted, 58u);
}

TEST_F(EpisodeView, OneRowAPersonThemeAndBurst) {
  keep({breach_of("amelia.hughes", kSchoolDay), breach_of("amelia.hughes", kSchoolDay + 1min),
        breach_of("amelia.hughes", kSchoolDay + 2min, "pornography", 3), breach_of("ben.jones", kSchoolDay + 3min),
        breach_of("amelia.hughes", kSchoolDay + 2h), breach_of("", kSchoolDay + 3h)});
  const auto page = reader().list(kDsl, {});
  ASSERT_TRUE(page.has_value()) << page.error().text();
  EXPECT_EQ(page->total, 5u);
  ASSERT_EQ(page->rows.size(), 5u);
  EXPECT_EQ(page->rows[0].person, "");
  EXPECT_EQ(page->rows[0].device, "10.20.2.7");
  EXPECT_EQ(page->rows[0].confidence, "network");
  const EpisodeRow& first = page->rows.back();
  EXPECT_EQ(first.person, "amelia.hughes");
  EXPECT_EQ(first.attempts, 2u);
  EXPECT_EQ(first.last - first.first, 1min);
  EXPECT_EQ(first.confidence, "login");
  EXPECT_THAT(first.site_names, ElementsAre("lucky-spins[.]example"));
  EXPECT_EQ(first.state, EpisodeState::fresh);
}

TEST_F(EpisodeView, FiltersByEverything) {
  keep({breach_of("amelia.hughes", kSchoolDay), breach_of("ben.jones", kSchoolDay + 1h, "pornography", 3),
        breach_of("cara.smith", kSchoolDay + 2h, "suicide", 5)});
  auto reads = reader();
  const auto total = [&](EpisodeFilter filter) { return reads.list(kDsl, filter)->total; };
  EXPECT_EQ(total({.theme = "suicide"}), 1u);
  EXPECT_EQ(total({.theme = "suicide' OR 1=1 --"}), 0u);
  EXPECT_EQ(total({.group = "ks2"}), 3u);
  EXPECT_EQ(total({.group = "staff"}), 0u);
  EXPECT_EQ(total({.person = "ben.jones"}), 1u);
  EXPECT_EQ(total({.device = "10.20.2.7"}), 3u);
  EXPECT_EQ(total({.urgency_from = 3}), 2u);
  EXPECT_EQ(total({.urgency_from = 1, .urgency_to = 2}), 1u);
  EXPECT_EQ(total({.since = kSchoolDay + 30min}), 2u);
  EXPECT_EQ(total({.until = kSchoolDay + 1h}), 1u);
  EXPECT_EQ(total({.only_many_hosts = true}), 0u);
  const auto page = reads.list(kDsl, {.order = EpisodeOrder::most_urgent, .offset = 1, .limit = 1});
  EXPECT_EQ(page->total, 3u);
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows[0].theme, "pornography");
  const auto choices = reads.choices(kDsl);
  EXPECT_THAT(choices->themes, ElementsAre("gambling", "pornography", "suicide"));
}

TEST_F(EpisodeView, TheStateIsTheDesks) {
  keep({breach_of("amelia.hughes", kSchoolDay), breach_of("ben.jones", kSchoolDay + 1h),
        breach_of("cara.smith", kSchoolDay + 2h)});
  auto reads = reader();
  const auto all = reads.list(kDsl, {})->rows;
  ASSERT_TRUE(desk_->acknowledge(kDsl, all[0].id, all[0].person, kSchoolDay + 3h).has_value());
  ASSERT_TRUE(Incidents(*desk_).open(kDsl, {.title = "t", .episodes = {all[1].id}, .subjects = {}}, kSchoolDay + 3h));
  const auto of = [&](EpisodeState state) { return reads.list(kDsl, {.state = state})->rows; };
  ASSERT_EQ(of(EpisodeState::acknowledged).size(), 1u);
  EXPECT_EQ(of(EpisodeState::acknowledged)[0].acknowledged_by, "d.lead");
  ASSERT_EQ(of(EpisodeState::incident).size(), 1u);
  EXPECT_FALSE(of(EpisodeState::incident)[0].incident.empty());
  ASSERT_EQ(of(EpisodeState::fresh).size(), 1u);
  EXPECT_EQ(of(EpisodeState::fresh)[0].person, "amelia.hughes");
}

TEST_F(EpisodeView, NobodySeesWhatIsAboutThemselvesNorItsCount) {
  keep({breach_of("d.lead", kSchoolDay), breach_of("ben.jones", kSchoolDay + 1h)});
  auto reads = reader();
  const auto page = reads.list(kDsl, {});
  EXPECT_EQ(page->total, 1u);
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows[0].person, "ben.jones");
  const auto of_head = reads.list(kHead, {})->rows;
  ASSERT_EQ(of_head.size(), 2u);
  const EpisodeRow& own = of_head[1];
  EXPECT_EQ(own.person, "d.lead");
  EXPECT_FALSE(reads.find(kDsl, own.id)->has_value());
  EXPECT_FALSE(reads.find(kDsl, own.reference)->has_value());
  EXPECT_TRUE(reads.find(kHead, own.reference)->has_value());
  EXPECT_TRUE(reads.context(kDsl, own)->lines.empty());
}

TEST_F(EpisodeView, AnEmptyAccountOfTheViewerHidesNobodysEpisodes) {
  keep({breach_of("", kSchoolDay)});
  EXPECT_EQ(reader().list({.user = "d.lead", .role = Role::dsl, .also = {""}}, {})->total, 1u);
}

TEST_F(EpisodeView, TechniciansGetNoPersonInAnyField) {
  keep({breach_of("amelia.hughes", kSchoolDay)});
  auto reads = reader();
  const auto page = reads.list(kTechnician, {});
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_TRUE(page->rows[0].person.empty());
  EXPECT_TRUE(page->rows[0].person_withheld);
  EXPECT_EQ(reads.list(kTechnician, {.person = "amelia.hughes"})->total, 0u);
  EXPECT_EQ(reads.list(kGovernor, {})->total, 0u);
  EXPECT_FALSE(reads.find(kGovernor, page->rows[0].id)->has_value());
}

TEST_F(EpisodeView, OneEpisodeTellsAllThatIsKnown) {
  breaches::Breach typed = breach_of("amelia.hughes", kSchoolDay);
  typed.initiated = breaches::Initiated::user;
  breaches::Breach loaded = breach_of("amelia.hughes", kSchoolDay + 10s);
  loaded.initiated = breaches::Initiated::page;
  loaded.site = "other.example";
  loaded.url = "http://other.example/x";
  loaded.confidence = "class";
  keep({typed, loaded, breach_of("amelia.hughes", kSchoolDay + 20s), breach_of("ben.jones", kSchoolDay + 20s)});
  auto reads = reader();
  const auto rows = reads.list(kDsl, {.person = "amelia.hughes"})->rows;
  const auto detail = **reads.find(kDsl, rows[0].reference);
  EXPECT_EQ(detail.records_total, 3u);
  ASSERT_EQ(detail.records.size(), 3u);
  EXPECT_EQ(detail.records[0].url, "hxxp://lucky-spins[.]example/wheel?\u2026");
  EXPECT_EQ(detail.records[0].initiated, "user");
  EXPECT_EQ(detail.initiated, "1 typed or clicked, 1 loaded by a page, 1 not known whether by a person or a page");
  ASSERT_EQ(detail.sites.size(), 2u);
  EXPECT_EQ(detail.sites[0].site, "other[.]example") << "the rarest first";
  EXPECT_EQ(detail.sites[1].site, "lucky-spins[.]example");
  EXPECT_EQ(detail.sites[1].attempts, 2u);
  EXPECT_THAT(detail.categories, ElementsAre("gambling"));
  EXPECT_EQ(detail.row.confidence, "class");
  EXPECT_EQ(detail.length.text, "span of attempts 20 s, all refused: no time on the site");
  EXPECT_FALSE(reads.find(kDsl, "no-such")->has_value());
}

TEST_F(EpisodeView, RepetitionShowsInTheRowAndTheFilter) {
  std::vector<breaches::Breach> breaches;
  for (int i = 0; i < 5; ++i) breaches.push_back(breach_of("amelia.hughes", kSchoolDay + i * 10s, "pornography", 3));
  keep(breaches);
  const EpisodeDetail detail = only_episode();
  EXPECT_EQ(detail.row.urgency, 4);
  EXPECT_EQ(detail.row.category_urgency, 3);
  EXPECT_THAT(detail.urgency.reasons.back(), HasSubstr("one more"));
  EXPECT_EQ(reader().list(kDsl, {.urgency_from = 4})->total, 1u);
}

TEST_F(EpisodeView, IllegalOnesHaveNoAddressAnywhere) {
  keep({illegal(breach_of("amelia.hughes", kSchoolDay))});
  const EpisodeDetail detail = only_episode();
  EXPECT_TRUE(detail.row.illegal);
  EXPECT_TRUE(detail.row.site_names.empty());
  EXPECT_EQ(detail.sites[0].site, "sealed");
  EXPECT_EQ(detail.records[0].url, "sealed");
  EXPECT_EQ(detail.records[0].entry, "sealed");
  EXPECT_TRUE(detail.records[0].sealed);
}

TEST_F(EpisodeView, ManyHostsInAMinuteAreMarked) {
  std::vector<breaches::Breach> breaches;
  for (int i = 0; i < 25; ++i) {
    breaches.push_back(breach_of("", kSchoolDay + i * 1s, "security", 2));
    breaches.back().site = "c" + std::to_string(i) + ".example";
  }
  keep(breaches);
  const EpisodeDetail detail = only_episode();
  EXPECT_TRUE(detail.row.many_hosts);
  EXPECT_EQ(detail.row.urgency, 2);
  EXPECT_EQ(reader().list(kTechnician, {.only_many_hosts = true})->total, 1u);
}

TEST_F(EpisodeView, AdvertsOfAPageAreNoBurst) {
  std::vector<breaches::Breach> breaches;
  for (int i = 0; i < 40; ++i) {
    breaches.push_back(breach_of("", kSchoolDay + i * 100ms, "adverts", 1));
    breaches.back().site = "ad" + std::to_string(i) + ".example";
  }
  keep(breaches);
  EXPECT_FALSE(only_episode().row.many_hosts);
}

TEST_F(EpisodeView, WhatWasLetThroughIsTimedFromTheDecisions) {
  breaches::Breach watched = breach_of("", kSchoolDay);
  watched.action = "monitor";
  keep({watched});
  decide({request(kSchoolDay, "lucky-spins.example", "monitor", "gambling"),
          request(kSchoolDay + 60s, "lucky-spins.example", "monitor", "gambling"),
          request(kSchoolDay + 70s, "other.example"), request(kSchoolDay + 120s, "lucky-spins.example", "monitor")});
  const EpisodeDetail detail = only_episode();
  EXPECT_EQ(detail.length.method, LengthOfTime::Method::requests);
  EXPECT_EQ(detail.length.length, 130s);
  EXPECT_EQ(detail.row.let_through, 1u);
}

TEST_F(EpisodeView, WithoutDecisionsTheLengthIsNotKnown) {
  breaches::Breach watched = breach_of("", kSchoolDay);
  watched.action = "monitor";
  keep({watched});
  EXPECT_EQ(only_episode().length.method, LengthOfTime::Method::unknown);
}

TEST_F(EpisodeView, ContextIsTheMinutesAroundWithoutHelpAndSealedSites) {
  keep({breach_of("", kSchoolDay)});
  breaches::Decision hidden = request(kSchoolDay - 1min, "sealed", "block");
  hidden.sealed = true;
  breaches::Decision other = request(kSchoolDay - 1min, "somebody-elses.example");
  other.device = "10.20.2.8";
  breaches::Decision support = request(kSchoolDay - 30s, "childline.example");
  support.category = "support";
  breaches::Decision search = request(kSchoolDay - 20s, "search.example");
  search.search = "win money <b>";
  decide({request(kSchoolDay - 20min, "long-before.example"), request(kSchoolDay - 5min, "maths.example"),
          request(kSchoolDay - 4min, "maths.example"), hidden, other, support, search,
          request(kSchoolDay, "lucky-spins.example", "block", "gambling"), request(kSchoolDay + 3min, "after.example"),
          request(kSchoolDay + 30min, "long-after.example")});
  const auto context = reader().context(kDsl, only_episode().row);
  ASSERT_TRUE(context.has_value());
  EXPECT_TRUE(context->kept);
  EXPECT_EQ(context->withheld, 1u);
  ASSERT_EQ(context->lines.size(), 4u);
  EXPECT_EQ(context->lines[0].host, "maths[.]example");
  EXPECT_EQ(context->lines[0].times, 2u);
  EXPECT_EQ(context->lines[1].search, "win money <b>");
  EXPECT_TRUE(context->lines[2].of_episode);
  EXPECT_EQ(context->lines[3].host, "after[.]example");
  EXPECT_FALSE(context->cut_short);
}

TEST_F(EpisodeView, AnOlderLogsEpisodesAreMadeAgainFromItsRecords) {
  keep({breach_of("amelia.hughes", kSchoolDay), breach_of("amelia.hughes", kSchoolDay + 1min)});
  const EpisodeRow before = only_episode().row;
  {
    auto database = store::Database::open(folder_.path() / "breaches.db", store::Database::Access::write);
    ASSERT_TRUE(database
                    ->run(R"(
      CREATE TABLE old AS SELECT id, reference, who, grp, theme, first, last, attempts, urgency, illegal, sites,
        site_marks, through_seq FROM episodes;
      DROP TABLE episodes; ALTER TABLE old RENAME TO episodes;)")
                    .has_value());
  }
  keep({breach_of("ben.jones", kSchoolDay + 2min)});
  auto reads = reader();
  EXPECT_EQ(reads.list(kDsl, {})->total, 2u);
  const auto after = **reads.find_row(kDsl, before.id);
  EXPECT_EQ(after.reference, before.reference);
  EXPECT_EQ(after.attempts, 2u);
  EXPECT_EQ(after.person, "amelia.hughes");
  EXPECT_EQ(after.site_names, before.site_names);
}

TEST_F(EpisodeView, HostileTextsComeBackAsTextOnly) {
  breaches::Breach breach = breach_of(std::string("<b>x</b>\r\n\u202E\xff"), kSchoolDay);
  breach.group = "'; DROP TABLE episodes; --";
  breach.site = "<script>.example";
  breach.url = "http://<script>.example/\"onload=\r\nSet-Cookie:";
  breach.reason.theme = std::string(1 << 20, 't');
  keep({breach});
  const EpisodeDetail detail = only_episode();
  EXPECT_EQ(detail.row.group, "'; DROP TABLE episodes; --");
  EXPECT_EQ(detail.records.size(), 1u);
  EXPECT_EQ(detail.records[0].url.find('\n'), std::string::npos);
}

TEST_F(EpisodeView, NoLogIsAnErrorOfTheHost) {
  TemporaryFolder empty;
  const auto opened = EpisodeReader::open({.folder = empty.path(), .decisions = {}});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().fault, Fault::host);
}

}  // namespace
}  // namespace schoolgate::casework
