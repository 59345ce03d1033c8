// What becomes of a page once it is read. What can go wrong: a category that the group allows or does not name blocks;
// the milder of two wins; help, own rules and hosts that are never opened are read; a page that could not be read
// passes.
#include "rules/judge_content.h"

#include "rules/explain.h"
#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using namespace test;

class JudgeContent : public ::testing::Test {
 protected:
  JudgeContent() : spec_(school({allow_site("own.example"), block_site("bad.example")})) {
    spec_.never_inspect = {"bank.example"};
    GroupSpec& group = spec_.groups[1];
    group.categories = {{"self-harm", Action::block, {}},
                        {"suicide", Action::monitor, {}},
                        {"drugs", Action::warn, {}},
                        {"games", Action::allow, {}}};
    group.content.emplace().at = {"policy.yaml", 9, 5};
    group.content->thresholds = {{"self-harm", 60, {}}};
  }
  Subject subject() const { return {.group = *snapshot_->find_group(spec_.groups[1].id)}; }
  Verdict says(std::vector<ContentScore> scores, bool incomplete = false) {
    snapshot_ = compiled(spec_);
    return snapshot_->decide_content(subject(), {.scores = scores, .incomplete = incomplete}, sunday_noon());
  }
  bool reads(std::string_view url) {
    snapshot_ = compiled(spec_);
    const Request request = get(url);
    const Verdict judged = snapshot_->decide(subject(), request, Stage::request, sunday_noon());
    return snapshot_->reads_content(subject(), request, judged);
  }
  PolicySpec spec_;
  std::shared_ptr<const PolicySnapshot> snapshot_;
};

TEST_F(JudgeContent, FromItsThresholdOn) {
  EXPECT_EQ(says({}).action, Action::allow);
  EXPECT_EQ(says({{"self-harm", 59}}).action, Action::allow);
  const Verdict verdict = says({{"self-harm", 60}});
  EXPECT_EQ(verdict.action, Action::block);
  EXPECT_EQ(verdict.reason.stage, Stage::content);
  EXPECT_EQ(verdict.reason.tier, Tier::category);
  const Citation citation = snapshot_->cite(verdict);
  EXPECT_EQ(citation.category, "self-harm");
  EXPECT_EQ(citation.rule, "content");
  EXPECT_EQ(citation.entry, "score 60, threshold 60");
  EXPECT_EQ(citation.source, "policy.yaml:9");
  EXPECT_EQ(says({{"drugs", 99}}).action, Action::allow);
  EXPECT_EQ(says({{"drugs", 100}}).action, Action::warn);
}

TEST_F(JudgeContent, WhatTheGroupAllowsOrDoesNotNamePasses) {
  EXPECT_EQ(says({{"games", 999}, {"gambling", 999}, {"no-such-thing", 999}}).action, Action::allow);
}

TEST_F(JudgeContent, TheStrictestDecidesAndTheUrgentOneLeads) {
  const Verdict verdict = says({{"drugs", 500}, {"self-harm", 70}, {"suicide", 300}});
  EXPECT_EQ(verdict.action, Action::block);
  EXPECT_EQ(snapshot_->categories()[verdict.reason.category].id, "self-harm");
  EXPECT_EQ(snapshot_->cite(verdict).category, "suicide") << "of urgency 5: it leads";
}

TEST_F(JudgeContent, WhatCouldNotBeReadIsRefused) {
  const Verdict verdict = says({}, true);
  EXPECT_EQ(verdict.action, Action::block);
  EXPECT_TRUE(verdict.reason.undecided);
}

TEST_F(JudgeContent, WhatIsNotRead) {
  EXPECT_TRUE(reads("http://a.example/"));
  EXPECT_FALSE(reads("http://own.example/"));
  EXPECT_FALSE(reads("http://www.childline.org.uk/"));
  EXPECT_FALSE(reads("http://www.bank.example/"));
  EXPECT_FALSE(reads("http://bad.example/")) << "it does not come to that";
  spec_.groups[1].content.reset();
  EXPECT_FALSE(reads("http://a.example/"));
  EXPECT_FALSE(snapshot_->reads_any_content());
}

TEST_F(JudgeContent, UnknownSitesAreOpened) {
  spec_.inspection = InspectionMode::selective;
  const auto why = [&](std::string_view host) {
    snapshot_ = compiled(spec_);
    const Request by_name = Request::of_host(*names::Host::parse(host), 443, "CONNECT");
    return snapshot_->why_inspect(subject(), by_name, sunday_noon()).reason;
  };
  EXPECT_EQ(why("a.example"), InspectReason::none);
  spec_.groups[1].inspect_unlisted = true;
  EXPECT_EQ(why("a.example"), InspectReason::unlisted);
  EXPECT_EQ(why("own.example"), InspectReason::none);
  EXPECT_EQ(why("www.bank.example"), InspectReason::never_site);
  EXPECT_EQ(why("www.childline.org.uk"), InspectReason::support);
}

TEST_F(JudgeContent, ExplainsIt) {
  const Verdict verdict = says({{"self-harm", 140}});
  const Request request = get("http://a.example/");
  const Explanation words = explain(*snapshot_, subject(), request, verdict);
  EXPECT_NE(words.pupil.find("Childline"), std::string::npos);
  EXPECT_NE(words.technician.find("what the page says (score 140, threshold 60)"), std::string::npos)
      << words.technician;
  EXPECT_NE(words.technician.find("policy.yaml:9"), std::string::npos);
  EXPECT_NE(words.lead.find("Theme: self-harm"), std::string::npos);
}

}  // namespace
}  // namespace schoolgate::rules
