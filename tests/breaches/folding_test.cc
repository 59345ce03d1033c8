// One device can neither fill the log nor bury an attempt.
//
//   goes wrong when                                        | then
//   a page asks for the same thing two hundred times       | one record, and a sum of the others of that minute
//   random names are asked for under one listed domain     | one entry: one record and one sum, which counts addresses
//   other words are searched for, or another person does   | a record of its own
//   a pattern or no entry decided                          | each site has its record
//   a device does more than six hundred different things   | the others wait, and are written when it is their turn
//   too much of a device waits                             | it is counted by category; nothing goes uncounted
//   something urgent comes within a device's flood         | its record is written at once
//   a flood asks for withheld addresses                    | each is kept, and its hash is that of its copy
//   a device takes another address for each attempt        | it is one machine; a network has a larger sum
//   addresses of one sealed entry are counted together     | each is a record, because each has to be reported
//   the clock is corrected within a minute                 | nothing is summed over the correction
//   the log has to begin another file                      | open sums are given again
#include "breaches/folding.h"

#include <gtest/gtest.h>

#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using namespace std::chrono_literals;
using Turn = Folding::Turn;

const Folding::Steady::time_point kNow{1h};

Breach of(std::string site, std::string path = "/") {
  Breach breach = a_breach();
  breach.url = "http://" + site + path;
  breach.site = std::move(site);
  return breach;
}

TEST(Folding, TheFirstOfAnEntryIsARecordAndTheOthersOfItsMinuteASum) {
  Folding folding;
  EXPECT_EQ(folding.turn_of(of("lucky-spins.example"), kNow), Turn::write);
  EXPECT_TRUE(folding.changed().empty());
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(folding.turn_of(of("n" + std::to_string(i) + ".lucky-spins.example"), kNow + 10ms * i), Turn::fold);
  const auto open = folding.changed();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].attempts, 200u);
  EXPECT_EQ(open[0].addresses, 200u);
  EXPECT_TRUE(folding.changed().empty()) << "nothing new";
  EXPECT_TRUE(folding.ended(kNow + 59s).empty());
  const auto sums = folding.ended(kNow + 60s);
  ASSERT_EQ(sums.size(), 1u);
  EXPECT_EQ(sums[0].id.text(), open[0].id.text()) << "the same record all the while";
  EXPECT_EQ(folding.turn_of(of("lucky-spins.example"), kNow + 61s), Turn::write) << "another minute";
  EXPECT_TRUE(folding.ended(kNow + 200s).empty()) << "of one attempt there is no sum";
}

TEST(Folding, ASingleOtherAttemptIsToldAsItWas) {
  Folding folding;
  EXPECT_EQ(folding.turn_of(of("lucky-spins.example", "/a"), kNow), Turn::write);
  const Breach second = of("lucky-spins.example", "/b");
  EXPECT_EQ(folding.turn_of(second, kNow), Turn::fold);
  const auto sums = folding.ended(kNow + 60s);
  ASSERT_EQ(sums.size(), 1u);
  EXPECT_EQ(sums[0].id.text(), second.id.text());
  EXPECT_EQ(sums[0].url, second.url);
  EXPECT_EQ(sums[0].attempts, 1u);
}

TEST(Folding, WhatIsEvidenceOfItsOwnIsARecordOfItsOwn) {
  Folding folding;
  const Breach first = of("lucky-spins.example");
  EXPECT_EQ(folding.turn_of(first, kNow), Turn::write);
  Breach person = first, words = first, entry = first, action = first, page = first;
  person.person = "amelia.hughes";
  words.search = "how to win";
  entry.reason.entry = "example";
  action.action = "monitor";
  page.initiated = Initiated::page;
  Breach stage = first, method = first, policy = first;
  stage.stage = "client_hello";
  method.method = "POST";
  policy.reason.policy_version = "v2";
  for (const Breach& other : {person, words, entry, action, page, stage, method, policy})
    EXPECT_EQ(folding.turn_of(other, kNow), Turn::write) << "what a sum says is true of each of its attempts";
  for (const char* site : {"free-spins.example", "spins-free.example"}) {
    Breach pattern = of(site);
    pattern.reason.list.clear();
    pattern.reason.entry.clear();
    pattern.reason.rule = "pattern: free.?spins";
    EXPECT_EQ(folding.turn_of(pattern, kNow), Turn::write) << site;
  }
  Breach beside = of("notlucky-spins.example");
  EXPECT_EQ(folding.turn_of(beside, kNow), Turn::write) << "not below the entry";
}

TEST(Folding, ADeviceThatDoesTooMuchWaitsAndTheOthersDoNot) {
  Folding folding;
  const auto different = [](int i) {
    Breach breach = of("site" + std::to_string(i) + ".example");
    breach.reason.entry = breach.site;
    return breach;
  };
  int written = 0;
  for (int i = 0; i < 1000; ++i) written += folding.turn_of(different(i), kNow) == Turn::write;
  EXPECT_EQ(written, 600);
  Breach other = different(2000);
  other.device = "10.20.2.8";
  EXPECT_EQ(folding.turn_of(other, kNow), Turn::write);
  EXPECT_EQ(folding.turn_of(different(999), kNow), Turn::wait);
  EXPECT_EQ(folding.turn_of(different(999), kNow + 200ms), Turn::write) << "ten a second";
  EXPECT_EQ(folding.turn_of(different(0), kNow + 200ms), Turn::fold) << "what is counted needs no turn";
}

TEST(Folding, InAFloodEverythingIsCounted) {
  Folding folding;
  EXPECT_EQ(folding.turn_in_flood(of("a.example"), kNow), Turn::write);
  for (int i = 0; i < 5000; ++i)
    EXPECT_EQ(folding.turn_in_flood(of("b" + std::to_string(i) + ".example"), kNow), Turn::fold);
  const auto sums = folding.ended(kNow + 60s);
  ASSERT_EQ(sums.size(), 1u);
  EXPECT_EQ(sums[0].attempts, 5000u);
  EXPECT_EQ(sums[0].addresses, 4096u) << "counts no further";
}

TEST(Folding, WhatIsUrgentIsARecordOncePerCategoryAndMinute) {
  Folding folding;
  EXPECT_EQ(folding.turn_behind(of("a.example"), kNow), Turn::wait) << "a token is not for whoever comes later";
  EXPECT_EQ(folding.turn_of_urgent(of("a.example"), kNow), Turn::write);
  EXPECT_EQ(folding.turn_of_urgent(of("b.example"), kNow), Turn::fold);
  Breach other = of("c.example");
  other.reason.category = "suicide";
  EXPECT_EQ(folding.turn_of_urgent(other, kNow), Turn::write);
  EXPECT_EQ(folding.turn_of_urgent(other, kNow + 61s), Turn::write);
}

TEST(Folding, EachWithheldAddressOfAFloodIsARecordWhileThereAreNotTooMany) {
  Folding folding;
  const auto sealed = [](int i) {
    Breach breach = of("sealed.example", "/" + std::to_string(i));
    breach.reason.illegal = true;
    return breach;
  };
  for (int i = 0; i < 600; ++i) ASSERT_EQ(folding.turn_in_flood(sealed(i), kNow), Turn::write) << i;
  EXPECT_EQ(folding.turn_in_flood(sealed(5), kNow), Turn::fold);
  EXPECT_EQ(folding.turn_of_urgent(sealed(600), kNow), Turn::wait);
  EXPECT_EQ(folding.turn_in_flood(sealed(600), kNow), Turn::write) << "the first of its category";
  const Breach kept = sealed(601);
  EXPECT_EQ(folding.turn_in_flood(kept, kNow), Turn::fold);
  EXPECT_EQ(folding.turn_in_flood(sealed(602), kNow), Turn::fold);
  for (const Breach& sum : folding.changed()) {
    if (sum.attempts == 2) EXPECT_EQ(sum.url, kept.url) << "whose copy is kept";
  }
}

TEST(Folding, WithheldAddressesThatWaitAreKeptEach) {
  Folding folding;
  for (const char* path : {"/a", "/b"}) {
    Breach breach = of("sealed.example", path);
    breach.reason.illegal = true;
    folding.hold(breach);
  }
  const auto held = folding.changed();
  ASSERT_EQ(held.size(), 2u);
  EXPECT_NE(held[0].url, held[1].url);
}

TEST(Folding, WhatWaitsIsCountedUntilItsTurn) {
  Folding folding;
  folding.hold(of("a.example"));
  folding.hold(of("b.example"));
  auto kept = folding.changed();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].attempts, 2u);
  const Uuid id = kept[0].id;
  folding.let_go(of("a.example"));
  kept = folding.changed();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].attempts, 1u);
  EXPECT_EQ(kept[0].id, id);
  folding.let_go(of("b.example"));
  kept = folding.changed();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].attempts, 0u) << "nothing is to be kept any longer";
  EXPECT_EQ(kept[0].id, id);
  EXPECT_TRUE(folding.is_empty());
}

TEST(Folding, AMachineIsOneDeviceAndItsNetworkHasALargerSum) {
  Folding folding;
  const auto different = [](int i) {
    Breach breach = of("site" + std::to_string(i) + ".example");
    breach.reason.entry = breach.site;
    breach.device = "2001:db8::" + std::to_string(i % 5000);
    return breach;
  };
  int written = 0;
  for (int i = 0; i < 1000; ++i) {
    Breach breach = different(i);
    breach.machine = "02:00:00:00:00:07";
    written += folding.turn_of(breach, kNow) == Turn::write;
  }
  EXPECT_EQ(written, 600) << "whatever address it takes";
  written = 0;
  for (int i = 0; i < 6000; ++i) {
    Breach breach = different(i);
    breach.network = "2001:db8::/64";
    written += folding.turn_of(breach, kNow) == Turn::write;
  }
  EXPECT_EQ(written, 4800);
}

TEST(Folding, EachAddressThatMustBeReportedHasItsRecord) {
  Folding folding;
  Breach breach = of("sealed.example", "/a");
  breach.reason.illegal = true;
  breach.reason.entry = "sealed.example";
  EXPECT_EQ(folding.turn_of(breach, kNow), Turn::write);
  EXPECT_EQ(folding.turn_of(breach, kNow), Turn::fold);
  breach.url = "http://sealed.example/b";
  EXPECT_EQ(folding.turn_of(breach, kNow), Turn::write);
}

TEST(Folding, ACorrectionOfTheClockBeginsAnotherMinute) {
  Folding folding;
  Breach breach = of("lucky-spins.example");
  EXPECT_EQ(folding.turn_of(breach, kNow), Turn::write);
  breach.time += 24h;
  EXPECT_EQ(folding.turn_of(breach, kNow + 1s), Turn::write);
  EXPECT_EQ(folding.turn_of(breach, kNow + 2s), Turn::fold);
  breach.time -= 48h;
  EXPECT_EQ(folding.turn_of(breach, kNow + 3s), Turn::write);
}

TEST(Folding, ASumSaysSinceWhen) {
  Folding folding;
  Breach breach = of("lucky-spins.example");
  (void)folding.turn_of(breach, kNow);
  const TimePoint begun = breach.time + 2s;
  for (int i = 2; i < 9; ++i) {
    breach.time = begun + std::chrono::seconds(i - 2);
    breach.id = Uuid::v7(breach.time);
    (void)folding.turn_of(breach, kNow + 1s * i);
  }
  const auto sums = folding.ended(kNow + 60s);
  ASSERT_EQ(sums.size(), 1u);
  EXPECT_EQ(sums[0].since, begun);
  EXPECT_EQ(sums[0].time, begun + 6s);
}

TEST(Folding, WhatWasLostIsGivenAgain) {
  Folding folding;
  for (int i = 0; i < 3; ++i) (void)folding.turn_of(of("lucky-spins.example"), kNow);
  folding.hold(of("other.example"));
  EXPECT_EQ(folding.changed().size(), 2u);
  EXPECT_TRUE(folding.changed().empty());
  folding.change_all();
  const auto again = folding.changed();
  ASSERT_EQ(again.size(), 2u);
  for (const Breach& sum : again) EXPECT_TRUE(folding.ids().contains(sum.id.text()));
}

}  // namespace
}  // namespace schoolgate::breaches
