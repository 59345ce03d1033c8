// A flood of one device hides nothing and is counted as what it was, wherever it is read.
//
//   goes wrong when                                          | then
//   a hundred thousand attempts stand beside a single one    | the episode shows the single one first
//   records are counted where attempts are meant             | reports, governors, subject access and slip say attempts
//   a device asks for hundreds of sites before the real one  | each has its place, the rarest among the shown records
//   the minutes around are full of the flood                 | they are a few lines, and the rest is read too
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "breaches/verify.h"
#include "casework/pink_slip.h"
#include "casework/privacy.h"
#include "casework/reports.h"
#include "casework/sums.h"
#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::uint64_t kFlood = 100'000;
/// The log forgets what ended a quarter of an hour ago: a flood is of now.
const TimePoint kNow = wall_now();

class Flood : public DeskFixture {
 protected:
  breaches::Breach attempt(const std::string& site, TimePoint time = kSchoolDay) {
    breaches::Breach breach = breach_of("amelia.hughes", time);
    breach.site = breach.reason.entry = site;
    breach.url = "http://" + site + "/";
    return breach;
  }
  void keep_folded(const std::vector<std::pair<breaches::Breach, std::uint64_t>>& all) {
    auto settings = settings_in(folder_.path());
    settings.folds = true;
    const auto log = open_log(settings);
    std::atomic<std::uint64_t> durable = 0;
    std::uint64_t appended = 0;
    for (const auto& [breach, times] : all)
      for (std::uint64_t i = 0; i < times; ++i, ++appended) {
        breaches::Breach one = breach;
        one.id = Uuid::v7(one.time);
        while (appended - durable > 20'000) std::this_thread::sleep_for(1ms);
        log->append(std::move(one), [&](breaches::Receipt receipt) { durable += receipt.durable; });
      }
    while (durable < appended) std::this_thread::sleep_for(1ms);
  }
};

TEST_F(Flood, TheSingleAttemptIsShownFirstAndEveryNumberIsOfAttempts) {
  keep_folded({{attempt("decoy.example", kNow), kFlood / 2},
               {attempt("real.example", kNow + 1s), 1},
               {attempt("decoy.example", kNow + 2s), kFlood / 2}});
  EXPECT_LE(lines_of(exported(folder_.path())).size(), 5u) << "the disk is not filled";
  EXPECT_FALSE(breaches::verify_chain(folder_.path() / "breaches.db", folder_.path())->fault);

  const EpisodeDetail episode = only_episode();
  EXPECT_EQ(episode.row.attempts, kFlood + 1);
  ASSERT_EQ(episode.sites.size(), 2u);
  EXPECT_EQ(episode.sites[0].site, "real[.]example");
  EXPECT_EQ(episode.sites[0].attempts, 1u);
  EXPECT_EQ(episode.sites[1].attempts, kFlood);

  Sums sums(*desk_, decisions(), {});
  while (sums.advance(100)->more) {
  }
  auto reports = Reports::open(*desk_, {});
  ASSERT_TRUE(reports);
  const auto day = std::chrono::floor<std::chrono::days>(kNow);
  const auto trends = reports->trends({day, day});
  ASSERT_TRUE(trends) << trends.error().text();
  EXPECT_EQ(trends->attempts, kFlood + 1);
  EXPECT_EQ(trends->blocked, kFlood + 1);
  EXPECT_EQ(trends->episodes, 1u);
  std::string told;
  ASSERT_TRUE(Privacy(*desk_).export_person(kDsl, "amelia.hughes", {}, Privacy::Form::json, {}, kNow,
                                            [&](std::string_view piece) {
                                              told += piece;
                                              return true;
                                            }));
  EXPECT_THAT(told, HasSubstr("\"attempts\":\"" + std::to_string(kFlood + 1)));
}

TEST_F(Flood, HundredsOfDecoysLeaveTheRealOneAmongWhatIsShown) {
  std::vector<std::pair<breaches::Breach, std::uint64_t>> all;
  for (int i = 0; i < 560; ++i) all.emplace_back(attempt("decoy" + std::to_string(i) + ".example", kNow), 2);
  all.emplace_back(attempt("real.example", kNow + 1s), 1);
  keep_folded(all);
  const EpisodeDetail episode = only_episode();
  EXPECT_EQ(episode.row.attempts, 1121u);
  EXPECT_EQ(episode.sites.size(), 561u);
  EXPECT_EQ(episode.sites[0].site, "real[.]example");
  EXPECT_EQ(episode.records.size(), 500u);
  EXPECT_TRUE(std::ranges::any_of(episode.records, [](const auto& one) { return one.site == "real[.]example"; }));
}

TEST_F(Flood, TheMinutesAroundKnowWhatASumCounts) {
  breaches::Breach first = attempt("decoy.example"), sum = attempt("decoy.example", kSchoolDay + 50s);
  first.person = sum.person = std::nullopt;
  sum.attempts = 30'000;
  sum.since = kSchoolDay + 100ms;
  keep({first, sum});
  std::vector<breaches::Decision> lines;
  for (int i = 0; i < 25'000; ++i)
    lines.push_back(request(kSchoolDay + 100ms + 1ms * i, "n.decoy.example", "block", "gambling"));
  lines.push_back(request(kSchoolDay + 45s, "other.example", "block", "pornography"));
  lines.push_back(request(kSchoolDay + 46s, "lesson.example"));
  decide(lines);
  auto read = reader();
  const auto row = read.list(kDsl, {})->rows.at(0);
  const auto context = read.context(kDsl, row);
  ASSERT_TRUE(context);
  EXPECT_FALSE(context->cut_short);
  ASSERT_EQ(context->lines.size(), 3u);
  EXPECT_EQ(context->lines[0].host, "n[.]decoy[.]example");
  EXPECT_EQ(context->lines[0].times, 25'000u);
  EXPECT_TRUE(context->lines[0].of_episode);
  EXPECT_FALSE(context->lines[1].of_episode) << "another theme's";
  EXPECT_EQ(context->lines[2].host, "lesson[.]example");
}

TEST_F(Flood, ALineBelongsToItsEpisodeByTheNumberOnItsPage) {
  breaches::Breach first = breach_of("", kSchoolDay);
  keep({first});
  breaches::Decision line = request(kSchoolDay + 40s, "elsewhere.example", "block", "gambling");
  const std::string number = first.id.reference();
  line.reference = number;
  decide({line});
  auto read = reader();
  const auto context = read.context(kDsl, read.list(kDsl, {})->rows.at(0));
  ASSERT_TRUE(context);
  ASSERT_EQ(context->lines.size(), 1u);
  EXPECT_TRUE(context->lines[0].of_episode);
}

}  // namespace
}  // namespace schoolgate::casework
