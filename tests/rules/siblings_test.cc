#include "rules/siblings.h"

#include <gmock/gmock.h>

#include "blocklists/wildcards.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules::test {
namespace {

// How a certificate leads past the rules, and what must be found out:
//
//   it names a blocked host beside the one that was asked for       ABlockedNameIsRefused
//   its wildcard covers one that a list names                       AWildcardIsAskedOfEveryList
//   ... that a rule, an emergency or a measure names                AWildcardIsAskedOfTheSchoolsRules
//   ... that is only looked into: a path, a recorded category       WhatIsRecordedOrLookedIntoIsOpened
//   ... that is illegal, where the school opens the parent          IllegalNamesUnderAnAllowedParentAreRefused
//   ... that is on a list which nobody may read                     ASealedListIsAskedToo
//   ... that no rule allows, in a group that needs one              WhatIsNotAllowedByNameIsRefused
//   an old image, which cannot be asked, finds nothing              AnImageFromBeforeIsNotTrusted
class SiblingsTest : public ::testing::Test {
 protected:
  void policy(std::vector<RuleSpec> rules) {
    PolicySpec spec = school(std::move(rules));
    spec.inspection = InspectionMode::selective;
    policy_ = compiled(spec, lists_.database());
  }
  CoveredAnswer answer(std::string_view name, std::string_view group = "ks2", std::string_view address = "10.20.2.9") {
    if (!policy_) policy({});
    const auto covered = covered_name(name);
    EXPECT_TRUE(covered) << name;
    return treatment_of(*policy_, {.address = *names::IpAddress::parse(address), .group = *policy_->find_group(group)},
                        *covered, sunday_noon());
  }
  Treatment treated(std::string_view name, std::string_view group = "ks2") { return answer(name, group).treatment; }

  TestLists lists_{
      {{.name = "bets", .category = "gambling", .text = "casino.wild.test\ndeep.under.wide.test\nodds.example\n"},
       {.name = "talk", .category = "chat", .text = "rooms.talking.test\n"},
       {.name = "parts",
        .category = "gambling",
        .format = blocklists::Format::urls,
        .text = "www.parts.test/casino/\n"},
       {.name = "pictures", .category = "pornography", .text = "bad.pictures.test\n"},
       {.name = "help", .category = "support", .text = "line.helping.test\n"},
       {.name = "worst",
        .category = "child-abuse",
        .format = blocklists::Format::urls,
        .text = "worst.hidden.test\nwww.other-hidden.test/page\n",
        .sealed = true}}};
  std::shared_ptr<const PolicySnapshot> policy_;
};

TEST_F(SiblingsTest, ABlockedNameIsRefused) {
  EXPECT_EQ(treated("odds.example"), Treatment::refused);
  EXPECT_EQ(treated("www.odds.example"), Treatment::refused);
  EXPECT_EQ(treated("maths.example"), Treatment::alike);
}

TEST_F(SiblingsTest, AWildcardIsAskedOfEveryList) {
  EXPECT_EQ(treated("*.wild.test"), Treatment::refused);
  EXPECT_EQ(treated("*.under.wide.test"), Treatment::refused);
  EXPECT_EQ(treated("*.odds.example"), Treatment::refused);  // the parent itself is listed
  // One label deep, as browsers take it; what no list names; a category that this group may have.
  EXPECT_EQ(treated("*.wide.test"), Treatment::alike);
  EXPECT_EQ(treated("*.maths.example"), Treatment::alike);
  EXPECT_EQ(treated("*.pictures.test"), Treatment::alike);
  EXPECT_EQ(treated("*.helping.test"), Treatment::alike);
}

TEST_F(SiblingsTest, AWildcardIsAskedOfTheSchoolsRules) {
  RuleSpec here_only = emergency_site("casino.room.test");
  here_only.networks = {*names::IpNetwork::parse("10.20.3.0/24")};
  policy({block_site("odds.own.test"), emergency_site("gone.urgent.test"), allow_site("good.fine.test"),
          block_site("odds.others.test", "gambling", {"staff"}), here_only});
  EXPECT_EQ(treated("*.own.test"), Treatment::refused);
  EXPECT_EQ(treated("*.urgent.test"), Treatment::refused);
  EXPECT_EQ(treated("*.fine.test"), Treatment::alike);
  EXPECT_EQ(treated("*.others.test"), Treatment::alike);
  EXPECT_EQ(treated("*.others.test", "staff"), Treatment::refused);
  EXPECT_EQ(answer("*.room.test", "ks2", "10.20.3.4").treatment, Treatment::refused);
  EXPECT_EQ(answer("*.room.test", "ks2", "10.20.2.4").treatment, Treatment::alike);
  EXPECT_TRUE(treats_by_address(*policy_));
}

TEST_F(SiblingsTest, WhatIsRecordedOrLookedIntoIsOpened) {
  policy({block_url("forum.board.test/casino")});
  EXPECT_EQ(treated("forum.board.test"), Treatment::opened);
  EXPECT_EQ(treated("*.board.test"), Treatment::opened);
  EXPECT_EQ(treated("*.talking.test"), Treatment::opened);
  EXPECT_NE(treated("*.parts.test"), Treatment::alike);
  EXPECT_FALSE(treats_by_address(*policy_));
}

TEST_F(SiblingsTest, AnAllowedParentOpensWhatListsHaveUnderIt) {
  policy({allow_site("wild.test")});
  EXPECT_EQ(treated("*.wild.test"), Treatment::alike);
}

TEST_F(SiblingsTest, IllegalNamesUnderAnAllowedParentAreRefused) {
  policy({allow_site("hidden.test")});
  EXPECT_EQ(treated("*.hidden.test"), Treatment::refused);
}

TEST_F(SiblingsTest, ASealedListIsAskedToo) {
  const CoveredAnswer whole = answer("*.hidden.test"), part = answer("*.other-hidden.test");
  EXPECT_EQ(whole.treatment, Treatment::refused);
  EXPECT_TRUE(whole.sealed);
  EXPECT_EQ(part.treatment, Treatment::refused);
  EXPECT_FALSE(answer("*.wild.test").sealed);
}

TEST_F(SiblingsTest, WhatIsNotAllowedByNameIsRefused) {
  policy({allow_site("phonics.letters.test", {"ks1"}), allow_site("reading.test", {"ks1"})});
  EXPECT_EQ(treated("*.letters.test", "ks1"), Treatment::refused);
  EXPECT_EQ(treated("*.reading.test", "ks1"), Treatment::alike);
}

TEST_F(SiblingsTest, AnEntryThatMayBeAnywhereOpensEveryName) {
  policy({block_pattern("(?i)free[-_]?spins")});
  EXPECT_EQ(treated("*.maths.example"), Treatment::opened);
}

TEST_F(SiblingsTest, NamesThatNoBrowserTakesAreNone) {
  for (const char* text :
       {"*", "*.", "", "192.0.2.1", "[2001:db8::1]", "w*.example", "*.*.example", "a.*.example", "*.192.0.2.1"})
    EXPECT_FALSE(covered_name(text)) << text;
  EXPECT_EQ(covered_name("*.WILD.Test.")->text(), "*.wild.test");
  EXPECT_EQ(covered_name("B\xC3\xBC"
                         "cher.example")
                ->text(),
            "xn--bcher-kva.example");
}

TEST(Wildcards, AnImageWithoutListsKnowsAsMuchAsThereIs) {
  const auto policy = compiled(school(), blocklists::CategoryDb::empty());
  EXPECT_EQ(treatment_of(*policy, {.group = *policy->find_group("ks2")}, *covered_name("*.wild.test"), sunday_noon())
                .treatment,
            Treatment::alike);
}

TEST(Wildcards, AnImageOfTodayKnowsThem) {
  const TestLists lists({{.name = "bets", .category = "gambling", .text = "odds.example\n"}});
  EXPECT_TRUE(blocklists::knows_wildcards(*lists.database()));
}

}  // namespace
}  // namespace schoolgate::rules::test
