// One device can neither fill the log nor bury an attempt.
//
//   goes wrong when                                        | then
//   a page asks for the same thing two hundred times       | one record, and a sum of the others of that minute
//   random names are asked for under one listed domain     | one entry: one record and one sum, which counts addresses
//   other words are searched for, or another person does   | a record of its own
//   a pattern or no entry decided                          | each site has its record
//   a device does more than six hundred different things   | the others wait, and are written when it is their turn
//   too much of a device waits                             | it is counted by category; nothing goes uncounted
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
  for (const Breach& other : {person, words, entry, action, page}) EXPECT_EQ(folding.turn_of(other, kNow), Turn::write);
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

TEST(Folding, WhatIsARecordAlreadyIsTakenOff) {
  Folding folding;
  (void)folding.turn_of(of("lucky-spins.example"), kNow);
  for (int i = 0; i < 8; ++i) (void)folding.turn_of(of("lucky-spins.example"), kNow);
  const std::string id = folding.changed().at(0).id.text();
  folding.take_off(id, 5);
  const auto sums = folding.ended(kNow + 60s);
  ASSERT_EQ(sums.size(), 1u);
  EXPECT_EQ(sums[0].attempts, 3u);
  EXPECT_NE(sums[0].id.text(), id);
}

}  // namespace
}  // namespace schoolgate::breaches
