#include "changes/proposal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace schoolgate::changes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using What = ProposalEvent::What;

class Consents : public ::testing::Test {
 protected:
  void says(std::string account, What what) {
    proposal_.events.push_back(
        {.id = proposal_.events.size() + 1, .at = {}, .by = {.account = std::move(account)}, .what = what});
  }
  std::vector<std::string> missing() const {
    return missing_consents(proposal_, parts_, config::ChangeRules::as_shipped(),
                            [this](std::string_view account) -> std::optional<std::string> {
                              const auto found = roles_.find(std::string(account));
                              return found == roles_.end() ? std::nullopt : std::optional(found->second);
                            });
  }
  Proposal proposal_{.number = 1, .at = {}, .author = {.account = "t.ash"}, .reason = "maths"};
  std::vector<ChangedPart> parts_{
      {.kind = config::ChangeKind::opens, .groups = {"ks2"}, .sentence = "Key Stage 2 may open a.example"}};
  std::map<std::string, std::string> roles_{{"t.ash", "technician"}, {"d.oak", "dsl"}, {"h.elm", "head"}};
};

TEST_F(Consents, OneOfTheRolesIsEnough) {
  EXPECT_THAT(missing(), ElementsAre(HasSubstr("the consent of dsl or deputy: Key Stage 2 may open a.example")));
  says("h.elm", What::agree);
  EXPECT_EQ(missing().size(), 1u) << "the head is not asked";
  says("d.oak", What::agree);
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(Consents, NobodyAgreesToTheirOwn) {
  proposal_.author.account = "d.oak";
  says("d.oak", What::agree);
  EXPECT_EQ(missing().size(), 1u);
}

TEST_F(Consents, AnAgreementEndsWithTheRoleAndWithTheAccount) {
  says("d.oak", What::agree);
  roles_["d.oak"] = "technician";
  EXPECT_EQ(missing().size(), 1u);
  roles_.erase("d.oak");
  EXPECT_EQ(missing().size(), 1u);
  roles_["d.oak"] = "dsl";
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(Consents, TheLastWordCounts) {
  says("d.oak", What::agree);
  says("d.oak", What::refuse);
  EXPECT_TRUE(proposal_.is_refused());
  EXPECT_THAT(missing(), ElementsAre("d.oak has refused it", HasSubstr("the consent of")));
  says("d.oak", What::agree);
  EXPECT_THAT(missing(), IsEmpty());
  EXPECT_EQ(proposal_.state(), "open");
}

TEST_F(Consents, WhatTheGatewayRefusedMayBeAppliedAgain) {
  says("t.ash", What::apply);
  EXPECT_TRUE(proposal_.is_applied());
  says("t.ash", What::taken_back);
  EXPECT_FALSE(proposal_.is_applied());
  EXPECT_EQ(proposal_.state(), "open");
  EXPECT_EQ(to_string(proposal_.events.back().what), "taken back");
  says("t.ash", What::apply);
  EXPECT_TRUE(proposal_.is_applied());
}

TEST_F(Consents, ARefusalEndsWithTheAccount) {
  says("d.oak", What::agree);
  says("h.elm", What::refuse);
  EXPECT_THAT(missing(), ElementsAre("h.elm has refused it"));
  roles_.erase("h.elm");
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(Consents, WhoProposedByHandDoesNotAgreeUnderAnAccount) {
  const auto agreed_by = [&](std::string author, std::string machine_user) {
    proposal_.author = {.account = {}, .machine_user = std::move(author)};
    proposal_.events = {
        {.id = 1, .at = {}, .by = {.account = "d.oak", .machine_user = std::move(machine_user)}, .what = What::agree}};
    return missing().empty();
  };
  EXPECT_FALSE(agreed_by("root (sudo: oak)", "root (sudo: oak)"));
  EXPECT_FALSE(agreed_by("root (sudo: oak)", "oak"));
  EXPECT_FALSE(agreed_by("oak", "root (sudo: oak)"));
  EXPECT_FALSE(agreed_by("d.oak", "root")) << "the account has the name of the machine's";
  EXPECT_TRUE(agreed_by("root (sudo: ash)", "root (sudo: oak)"));
  EXPECT_TRUE(agreed_by("root", "root")) << "which person that was is not known";
}

TEST_F(Consents, AnAgreementByHandIsNone) {
  says("", What::agree);
  roles_[""] = "dsl";
  EXPECT_EQ(missing().size(), 1u);
}

TEST_F(Consents, ACategoryNeedsTheHeadAndARiskAssessment) {
  parts_[0].whole_category = true;
  says("h.elm", What::agree);
  EXPECT_THAT(missing(), ElementsAre(HasSubstr("a risk assessment")));
  proposal_.risk_assessment = "RA-1";
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(Consents, ClosingNeedsNobody) {
  parts_[0].kind = config::ChangeKind::closes;
  EXPECT_THAT(missing(), IsEmpty());
}

}  // namespace
}  // namespace schoolgate::changes
