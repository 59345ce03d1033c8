#include "proxy/flow/coalescing.h"

#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::flow {
namespace {

using rules::testing::block_site;
using rules::testing::block_url;
using rules::testing::sunday_noon;

// What the tests of the whole (tests/e2e/test_inspection_transparent.py) cannot show: how long an answer is kept.
class CertificateNamesTest : public ::testing::Test {
 protected:
  CertificateNamesTest() {
    auto spec = rules::testing::school({block_site("odds.example"), block_url("forum.example/casino")});
    spec.inspection = rules::InspectionMode::selective;
    policy_ = rules::testing::compiled(spec, lists_.database());
    subject_ = {.group = *policy_->find_group("ks2")};
  }
  std::optional<bool> asked(std::string_view host, std::uint64_t when = 1, std::chrono::hours later = {}) {
    return names_.other_answers(host, *policy_, subject_, when, sunday_noon() + later);
  }
  rules::testing::TestLists lists_{{}};
  std::shared_ptr<const rules::PolicySnapshot> policy_;
  rules::Subject subject_;
  CertificateNames names_;
};

TEST_F(CertificateNamesTest, ABlockedOrOpenedNameBesideTheHostIsAnotherAnswer) {
  names_.learn("one.example", {"one.example", "odds.example"}, sunday_noon());
  names_.learn("two.example", {"two.example", "forum.example"}, sunday_noon());
  names_.learn("three.example", {"three.example", "*.odds.example"}, sunday_noon());
  names_.learn("four.example", {"four.example", "www.four.example"}, sunday_noon());
  EXPECT_EQ(asked("one.example"), true);
  EXPECT_EQ(asked("two.example"), true);
  EXPECT_EQ(asked("three.example"), true);
  EXPECT_EQ(asked("four.example"), false);
}

TEST_F(CertificateNamesTest, WhatIsNotKnownOrTooOldIsNoAnswer) {
  EXPECT_EQ(asked("one.example"), std::nullopt);
  names_.learn("one.example", {"odds.example"}, sunday_noon());
  EXPECT_EQ(asked("one.example", 1, std::chrono::hours(11)), true);
  EXPECT_EQ(asked("one.example", 1, std::chrono::hours(13)), std::nullopt);
}

TEST_F(CertificateNamesTest, AnotherPolicyIsAskedAnew) {
  names_.learn("one.example", {"odds.example"}, sunday_noon());
  EXPECT_EQ(asked("one.example", 1), true);
  policy_ = rules::testing::compiled(rules::testing::school(), lists_.database());
  EXPECT_EQ(asked("one.example", 2), false);
}

}  // namespace
}  // namespace schoolgate::flow
