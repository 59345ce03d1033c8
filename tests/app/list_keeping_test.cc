#include "app/list_keeping.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>

#include "base/digest.h"
#include "blocklists/update.h"
#include "config/load.h"

namespace schoolgate::app {
namespace {

using std::chrono::hours;

constexpr TimePoint kNow{std::chrono::hours(500'000)};

config::ListConfig remote_list(const char* name) {
  config::ListConfig list;
  list.name = name;
  list.category = "gambling";
  list.source = std::string("https://lists.example/key=secret/") + name;
  list.remote = true;
  list.stale_after = hours(24);
  return list;
}

blocklists::ListInfo in_force(const char* name, TimePoint fetched) {
  blocklists::ListInfo info;
  info.name = name;
  info.category = "gambling";
  info.hosts = 1;
  info.fetched = fetched;
  return info;
}

TEST(ListKeeping, AnAnswerWithoutNewsKeepsAListFresh) {
  const config::ListConfig list = remote_list("bets");
  const blocklists::ListInfo info = in_force("bets", kNow - hours(100));
  SourceStates states{{"bets", {.fetched = kNow - hours(100), .checked = kNow - hours(1)}}};
  EXPECT_EQ(known_good(list, info, states, kNow), kNow - hours(1));
  EXPECT_TRUE(list_troubles({&list, 1}, {&info, 1}, states, kNow).empty());
}

TEST(ListKeeping, AnAnswerSaysNothingOfWhatWasRolledBackTo) {
  const config::ListConfig list = remote_list("bets");
  const blocklists::ListInfo older = in_force("bets", kNow - hours(100));
  const SourceStates states{{"bets", {.fetched = kNow - hours(2), .checked = kNow - hours(1)}}};
  EXPECT_EQ(known_good(list, older, states, kNow), kNow - hours(100));
}

TEST(ListKeeping, AMarkOfAClockThatWasAheadSaysNothing) {
  const config::ListConfig list = remote_list("bets");
  const blocklists::ListInfo info = in_force("bets", kNow - hours(100));
  const TimePoint ahead = kNow + hours(24 * 400);
  const SourceStates states{{"bets", {.fetched = kNow - hours(100), .checked = ahead}}};
  EXPECT_EQ(known_good(list, info, states, kNow), info.fetched);
  EXPECT_EQ(known_good(list, in_force("bets", ahead), states, kNow), TimePoint{});
  EXPECT_EQ(age_text(ahead, kNow), "an unknown time");
  EXPECT_TRUE(blocklists::is_due(ahead, hours(24), kNow));
  EXPECT_FALSE(blocklists::is_due(kNow - hours(23), hours(24), kNow));
  EXPECT_TRUE(blocklists::is_due(kNow - hours(24), hours(24), kNow));
}

TEST(ListKeeping, AListPastItsAgeIsTroubleWithTheReason) {
  const config::ListConfig list = remote_list("bets");
  const blocklists::ListInfo info = in_force("bets", kNow - hours(49));
  SourceStates states{{"bets", {.fetched = kNow - hours(49), .checked = kNow, .failure = "it stalled", .failures = 3}}};
  const auto troubles = list_troubles({&list, 1}, {&info, 1}, states, kNow);
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_EQ(troubles[0].kind, "list stale: bets");
  EXPECT_TRUE(troubles[0].text.contains("2 days old")) << troubles[0].text;
  EXPECT_TRUE(troubles[0].text.contains("3 attempts failed; the last: it stalled")) << troubles[0].text;
}

TEST(ListKeeping, AListWithoutAnAgeIsNeverStale) {
  config::ListConfig list = remote_list("bets");
  list.stale_after.reset();
  const blocklists::ListInfo info = in_force("bets", kNow - hours(9000));
  EXPECT_TRUE(list_troubles({&list, 1}, {&info, 1}, {}, kNow).empty());
}

TEST(ListKeeping, AMissingListIsTroubleOnceItWasTried) {
  const config::ListConfig list = remote_list("bets");
  EXPECT_TRUE(list_troubles({&list, 1}, {}, {}, kNow).empty()) << "it is on its way";
  const SourceStates tried{{"bets", {.checked = kNow, .failure = "no answer", .failures = 1}}};
  const auto troubles = list_troubles({&list, 1}, {}, tried, kNow);
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_EQ(troubles[0].kind, "list missing: bets");
  config::ListConfig sealed = list;
  sealed.sealed = true;
  EXPECT_EQ(list_troubles({&sealed, 1}, {}, {}, kNow).size(), 1u) << "a sealed list is missed from the start";
}

TEST(ListKeeping, AListThatHoldsNothingOrIsOfAnotherCategoryIsMissing) {
  const config::ListConfig list = remote_list("bets");
  const SourceStates states{{"bets", {.fetched = kNow, .checked = kNow}}};
  blocklists::ListInfo emptied = in_force("bets", kNow), moved = in_force("bets", kNow);
  emptied.hosts = 0;
  moved.category = "games";
  for (const blocklists::ListInfo& info : {emptied, moved}) {
    const auto troubles = list_troubles({&list, 1}, {&info, 1}, states, kNow);
    ASSERT_EQ(troubles.size(), 1u);
    EXPECT_EQ(troubles[0].kind, "list missing: bets");
  }
}

TEST(ListKeeping, TheSourceOfASealedListIsNotTold) {
  config::ListConfig list = remote_list("iwf");
  list.sealed = true;
  const SourceStates states{{"iwf", {.failure = "cannot fetch " + list.source + ": stalled", .failures = 2}}};
  EXPECT_EQ(failure_text(list, states), "2 attempts failed; the last: cannot fetch [sealed]: stalled");
  list.sealed = false;
  EXPECT_TRUE(failure_text(list, states).contains("lists.example"));
}

TEST(ListKeeping, AFailureOfASourceThatIsNoLongerConfiguredIsNotTold) {
  config::ListConfig list = remote_list("bets");
  SourceStates states{
      {"bets", {.failure = "cannot fetch it: stalled", .failures = 2, .address_sha256 = to_hex(sha256(list.source))}}};
  EXPECT_TRUE(failure_text(list, states).contains("stalled"));
  list.source = "https://lists.example/elsewhere.txt";
  EXPECT_EQ(failure_text(list, states), "");
  EXPECT_EQ(fetching_of(list, states).failures, 0u);
  list.source = "/lists/bets.txt";
  list.remote = false;
  states["bets"].address_sha256.clear();  // of an earlier release, which did not know it
  EXPECT_EQ(failure_text(list, states), "");
}

TEST(ListKeeping, SaysHowEachListStands) {
  using State = rules::ListStanding::State;
  const auto state_of = [](const config::ListConfig& list, std::optional<blocklists::ListInfo> info,
                           const SourceStates& states) {
    if (info) info->category = list.category;
    const auto found = standings({&list, 1}, std::span(info ? &*info : nullptr, info ? 1 : 0), states, kNow);
    return found.at(0).state;
  };
  config::ListConfig list = remote_list("bets");
  list.stale_after.reset();
  blocklists::ListInfo info = in_force("bets", kNow - hours(30));
  info.hosts = 5;
  const SourceStates answered{{"bets", {.fetched = kNow - hours(30), .checked = kNow}}};
  EXPECT_EQ(state_of(list, {}, {}), State::never);
  EXPECT_EQ(state_of(list, {}, {{"bets", {.checked = kNow, .failure = "refused", .failures = 2}}}), State::never)
      << "an attempt is no content";
  EXPECT_EQ(state_of(list, {}, answered), State::missing) << "it was there, before a rollback";
  EXPECT_EQ(state_of(list, info, answered), State::fresh);
  info.hosts = 0;
  EXPECT_EQ(state_of(list, info, answered), State::missing) << "a list without entries protects from nothing";
  info.hosts = 5;
  const auto failing_for = [&](std::chrono::hours age) {
    info.fetched = kNow - age;
    return state_of(list, info, {{"bets", {.fetched = kNow - age, .checked = kNow - age, .failures = 9}}});
  };
  EXPECT_EQ(failing_for(hours(24 * 7)), State::fresh);
  EXPECT_EQ(failing_for(hours(24 * 7 + 1)), State::stale) << "a week without an answer";
  list.refresh = hours(24 * 30);
  EXPECT_EQ(failing_for(hours(24 * 80)), State::fresh) << "its publisher is asked once a month";
  list.stale_after = hours(24);
  EXPECT_EQ(failing_for(hours(25)), State::stale);
  list.remote = false;
  list.stale_after.reset();
  EXPECT_EQ(failing_for(hours(9000)), State::fresh) << "a list kept by hand is as old as it is";
}

TEST(ListKeeping, AListOfAnotherCategoryThanConfiguredIsNotThere) {
  const config::ListConfig list = remote_list("bets");
  blocklists::ListInfo info = in_force("bets", kNow);
  info.hosts = 5;
  info.category = "games";
  EXPECT_EQ(standings({&list, 1}, {&info, 1}, {}, kNow).at(0).state, rules::ListStanding::State::never);
}

TEST(ListKeeping, TheNewestTestThatNamesAListCounts) {
  std::string folder = (std::filesystem::temp_directory_path() / "schoolgate-keeping-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::filesystem::create_directories(std::filesystem::path(folder) / "selftest");
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(std::filesystem::path(folder) / "selftest" / name) << text;
  };
  const auto check = [](const char* good, const char* source) {
    return std::string("{\"as_expected\":") + good + ",\"url\":\"http://x.example/\",\"source\":\"" + source + "\"}";
  };
  write("20261101T000000.000Z.json", "{\"time\":\"2026-11-01T00:00:00.000Z\",\"as_expected\":2,\"results\":[" +
                                         check("true", "list bets") + "," + check("false", "list bets") + "]}");
  write("20261102T000000.000Z.json", "{\"time\":\"2026-11-02T00:00:00.000Z\",\"as_expected\":2,\"results\":[" +
                                         check("false", "list more-bets") + "," + check("true", "list bets") + "]}");
  write("20261103T000000.000Z.json",
        "{\"time\":\"2026-11-03T00:00:00.000Z\",\"results\":[" + check("true", "rules/school.yaml:3") + "]}");
  const auto bets = last_test(folder, "bets");
  ASSERT_TRUE(bets);
  EXPECT_EQ(to_rfc3339(bets->time), "2026-11-02T00:00:00.000Z");
  EXPECT_TRUE(bets->as_expected);
  const auto more = last_test(folder, "more-bets");
  ASSERT_TRUE(more);
  EXPECT_FALSE(more->as_expected);
  EXPECT_FALSE(last_test(folder, "adult"));
  EXPECT_FALSE(last_test(folder + "/nowhere", "bets"));
  std::filesystem::remove_all(folder);
}

TEST(ListKeeping, GatesAskThePolicyAndTheSettings) {
  config::Configuration configuration;
  configuration.list_updates.most_over_blocks = 3;
  configuration.policy.timezone = "Europe/London";
  rules::GroupSpec pupils;
  pupils.id = "pupils";
  pupils.networks.push_back({*names::IpNetwork::parse("10.0.0.0/8"), {}});
  pupils.categories = {{.category = "gambling", .action = rules::Action::block, .at = {}},
                       {.category = "games", .action = rules::Action::warn, .at = {}}};
  pupils.unlisted = rules::Action::allow;
  configuration.policy.groups.push_back(pupils);
  configuration.policy.fallback = "pupils";
  const ListGates gates = list_gates(configuration, kNow);
  EXPECT_EQ(gates.limits.most_over_blocks, 3u);
  ASSERT_TRUE(gates.would_refuse);
  const auto museum = *names::Url::parse("museum.example/");
  EXPECT_TRUE(gates.would_refuse(museum, "gambling"));
  EXPECT_FALSE(gates.would_refuse(museum, "games")) << "it is only warned of";
  configuration.policy.fallback = "nobody";
  EXPECT_FALSE(list_gates(configuration, kNow).would_refuse) << "without a policy every category counts";
}

TEST(ListKeeping, TheTechnicianHearsWhatAnImageIsWithout) {
  using Kind = blocklists::ImageRemark::Kind;
  config::ListConfig sealed = remote_list("iwf");
  sealed.sealed = true;
  const std::vector<blocklists::ImageRemark> remarks{
      {.kind = Kind::refused, .list = "iwf", .text = "unreadable: " + sealed.source + " is damaged"},
      {.kind = Kind::left_alone, .list = "bets", .entry = "bbc.co.uk", .site = "www.bbc.co.uk"},
      {.kind = Kind::left_alone, .list = "bets", .entry = "nasa.gov", .site = "www.nasa.gov"},
      {.kind = Kind::covers, .list = "iwf", .text = "1 site that must stay reachable"},
  };
  const auto troubles = remark_troubles({&sealed, 1}, remarks);
  ASSERT_EQ(troubles.size(), 3u);
  EXPECT_EQ(troubles[0].kind, "list refused: iwf");
  EXPECT_TRUE(troubles[0].text.contains("[sealed] is damaged")) << troubles[0].text;
  EXPECT_EQ(troubles[1].kind, "list covers too much: iwf");
  EXPECT_EQ(troubles[2].kind, "list leaves sites alone: bets");
  EXPECT_TRUE(troubles[2].text.contains("2 sites") && troubles[2].text.contains("www.nasa.gov (entry nasa.gov)"))
      << troubles[2].text;
}

}  // namespace
}  // namespace schoolgate::app
