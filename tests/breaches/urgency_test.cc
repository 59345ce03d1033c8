#include "breaches/urgency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace schoolgate::breaches {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr UrgencyFacts kRepeated{
    .category_urgency = 3, .illegal = false, .attempts = 5, .by_page = 0, .sites = 1, .span = 30s, .many_hosts = false};

TEST(Urgency, ASingleAttemptIsWhatItsCategorySays) {
  EXPECT_EQ(urgency_level({.category_urgency = 3, .attempts = 1}), 3);
}

TEST(Urgency, RepetitionRaisesByOneAndSaysSo) {
  const Urgency urgency = urgency_of(kRepeated);
  EXPECT_EQ(urgency.level, 4);
  ASSERT_EQ(urgency.reasons.size(), 2u);
  EXPECT_THAT(urgency.reasons[1], HasSubstr("one more: repeated, 5 attempts"));
}

TEST(Urgency, FewOrInstantAttemptsAreNoRepetition) {
  UrgencyFacts facts = kRepeated;
  facts.attempts = 4;
  EXPECT_EQ(urgency_level(facts), 3);
  facts = kRepeated;
  facts.span = 29s;
  EXPECT_EQ(urgency_level(facts), 3);
  facts.sites = 3;
  EXPECT_EQ(urgency_level(facts), 4);
  facts = kRepeated;
  facts.by_page = 1;
  EXPECT_EQ(urgency_level(facts), 3);
}

TEST(Urgency, WhatIsOnlyForTheRecordStaysSo) {
  UrgencyFacts facts = kRepeated;
  facts.category_urgency = 1;
  EXPECT_EQ(urgency_level(facts), 1);
}

TEST(Urgency, NeverAboveFive) {
  UrgencyFacts facts = kRepeated;
  facts.category_urgency = 5;
  EXPECT_EQ(urgency_level(facts), 5);
}

TEST(Urgency, AllLoadedByAPageLowersByOneButNeverBelowOne) {
  UrgencyFacts facts = kRepeated;
  facts.by_page = facts.attempts;
  EXPECT_EQ(urgency_level(facts), 2);
  EXPECT_THAT(urgency_of(facts).reasons[1], HasSubstr("a page loaded all of it"));
  facts.category_urgency = 1;
  EXPECT_EQ(urgency_level(facts), 1);
}

TEST(Urgency, IllegalIsNeitherLoweredNorRaised) {
  UrgencyFacts facts = kRepeated;
  facts.illegal = true;
  facts.category_urgency = 4;
  EXPECT_EQ(urgency_level(facts), 4);
  facts.by_page = facts.attempts;
  EXPECT_EQ(urgency_level(facts), 4);
  EXPECT_THAT(urgency_of(facts).reasons[1], HasSubstr("may be compromised"));
}

TEST(Urgency, ABurstOfHostsIsAProgramAndNotRaised) {
  UrgencyFacts facts = kRepeated;
  facts.many_hosts = true;
  EXPECT_EQ(urgency_level(facts), 3);
  EXPECT_THAT(urgency_of(facts).reasons.back(), HasSubstr("suspected malware"));
}

}  // namespace
}  // namespace schoolgate::breaches
