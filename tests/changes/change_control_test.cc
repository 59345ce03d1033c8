// | what can go wrong | what is to happen |
// |---|---|
// | a technician applies what the lead has to agree to | refused, with whose consent is missing |
// | the author agrees to their own | refused |
// | who agreed has lost the role, or is switched off | the consent counts no more |
// | the gate refuses the files | nothing is written, the ledger is as before |
// | the gateway refuses what was put in place | files and history are as before, and the ledger says so |
// | a mistake, a take-back on which others stand | the one goes, the others stay |
// | what is asked for cannot be put in force | once tried, noted, and not tried again until it is asked anew |
// | settings of the gateway, by nobody's hand | not put in force |
// | a time that has not come | waits |
#include "changes/change_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "changes/drafts.h"
#include "tests/changes/two_policies.h"

namespace schoolgate::changes {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using What = ProposalEvent::What;

class ChangeControlTest : public ::testing::Test {
 protected:
  ChangeControlTest() {
    fs::create_directories(config_ / "rules");
    const FileTexts files{
        {"schoolgate.yaml",
         "site: { name: A School, timezone: Europe/London }\nstate: state\nlisten: { proxy: [\"127.0.0.1:8080\"] }\n"},
        {"policy.yaml", R"(groups:
  ks2: { title: Key Stage 2, members: { networks: ["10.20.2.0/23"] }, categories: { gambling: block, games: warn } }
  staff: { title: Staff, members: { networks: ["10.20.8.0/24"] }, categories: { games: allow } }
fallback: ks2
)"},
        {"rules/a.yaml",
         "# ours\nblock:\n  - { site: bets.example, category: gambling }\nallow:\n  - { site: maths.example }\n"}};
    for (const auto& [name, text] : files) std::ofstream(config_ / name) << text;
  }
  ChangeControl control() {
    return ChangeControl({.config = config_,
                          .state = folder_.path() / "state",
                          .roles = [this] { return roles_; },
                          .gate = [this](const config::Loaded&) { return gate_; },
                          .reload =
                              [this] {
                                ++reloads_;
                                return answer_;
                              },
                          .pseudonym = [](const std::string&) { return std::string("0123"); },
                          .now = [this] { return now_; }});
  }
  static rules::RuleSpec rule(rules::RuleSpec::Effect effect, std::string site) {
    rules::RuleSpec one;
    one.effect = effect;
    one.text = std::move(site);
    if (effect == rules::RuleSpec::Effect::block) one.category = "gambling";
    return one;
  }
  std::uint64_t propose(const FileTexts& files, std::string by = "t.ash") {
    auto done = control().propose({.files = files, .reason = "for maths", .by = {.account = std::move(by)}});
    EXPECT_TRUE(done) << done.error().error.text() << (done.error().lines.empty() ? "" : done.error().lines[0]);
    return done ? done->number : 0;
  }
  std::uint64_t propose_opening(std::string site, std::string by = "t.ash") {
    return propose(*with_rule(*control().files(), rule(rules::RuleSpec::Effect::allow, std::move(site))),
                   std::move(by));
  }
  std::uint64_t propose_closing(std::string site, std::string by = "t.ash") {
    return propose(*with_rule(*control().files(), rule(rules::RuleSpec::Effect::block, std::move(site))),
                   std::move(by));
  }
  std::string rules() { return *read_file(config_ / "rules/a.yaml"); }

  TemporaryFolder folder_;
  fs::path config_ = folder_.path() / "config";
  std::map<std::string, std::string, std::less<>> roles_{
      {"t.ash", "technician"}, {"t.fir", "technician"}, {"d.oak", "dsl"}, {"h.elm", "head"}};
  Problems gate_;
  GatewayAnswer answer_{GatewayAnswer::What::took_it, "done\n"};
  int reloads_ = 0;
  TimePoint now_ = *from_rfc3339("2026-12-01T10:00:00Z");
};

TEST_F(ChangeControlTest, NobodyAppliesWhatIsNotAgreedTo) {
  const auto number = propose_opening("lesson.example");
  auto done = control().apply(number, {.account = "t.ash"});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().lines, ::testing::ElementsAre(::testing::HasSubstr("the consent of dsl or deputy")));
  EXPECT_FALSE(control().agree(number, {.account = "t.ash"}, ""));
  ASSERT_TRUE(control().agree(number, {.account = "t.fir"}, ""));
  EXPECT_FALSE(control().apply(number, {.account = "t.ash"})) << "a technician's consent is none";
  ASSERT_TRUE(control().agree(number, {.account = "d.oak"}, ""));
  EXPECT_THAT(rules(), ::testing::Not(::testing::HasSubstr("lesson.example")));
  done = control().apply(number, {.account = "t.ash"});
  ASSERT_TRUE(done) << done.error().error.text();
  EXPECT_THAT(rules(), ::testing::HasSubstr("lesson.example"));
  EXPECT_EQ(reloads_, 1);
  EXPECT_EQ(*commit_of(folder_.path() / "state/changes", *control().files()), done->commit);
  EXPECT_FALSE(control().apply(number, {.account = "t.ash"})) << "twice";
}

TEST_F(ChangeControlTest, AConsentEndsWithTheRoleAndWithTheAccount) {
  const auto number = propose_opening("lesson.example");
  ASSERT_TRUE(control().agree(number, {.account = "d.oak"}, ""));
  roles_["d.oak"] = "technician";
  EXPECT_FALSE(control().apply(number, {.account = "t.ash"}));
  roles_.erase("d.oak");
  EXPECT_FALSE(control().apply(number, {.account = "t.ash"}));
  roles_["d.oak"] = "dsl";
  EXPECT_TRUE(control().apply(number, {.account = "t.ash"}));
}

TEST_F(ChangeControlTest, WhatAReloadWouldRefuseIsNeitherProposedNorApplied) {
  const auto number = propose_closing("craze.example");
  gate_ = {{.message = "a test failed"}};
  auto refused =
      control().propose({.files = *with_rule(*control().files(), rule(rules::RuleSpec::Effect::block, "next.example")),
                         .reason = "x",
                         .by = {.account = "t.ash"}});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().lines, ::testing::ElementsAre(::testing::HasSubstr("a test failed")));
  EXPECT_EQ(control().list()->size(), 1u);
  const std::string before = rules();
  EXPECT_FALSE(control().apply(number, {.account = "t.ash"}));
  EXPECT_EQ(rules(), before);
  EXPECT_EQ(reloads_, 0);
}

TEST_F(ChangeControlTest, WhatTheGatewayRefusesIsTakenBack) {
  const auto number = propose_closing("craze.example");
  const std::string before = rules();
  answer_ = {GatewayAnswer::What::refused_it, "no"};
  EXPECT_FALSE(control().apply(number, {.account = "t.ash"}));
  EXPECT_EQ(rules(), before);
  EXPECT_FALSE(control().find(number)->is_applied());
  EXPECT_EQ(control().find(number)->events.back().what, What::taken_back);
  answer_.what = GatewayAnswer::What::took_it;
  EXPECT_TRUE(control().apply(number, {.account = "t.ash"}));
}

TEST_F(ChangeControlTest, TwoTechniciansAtOnceAndOneMistakeTakenBack) {
  const auto one = propose_closing("one.example", "t.ash"), two = propose_closing("two.example", "t.fir");
  ASSERT_TRUE(control().apply(one, {.account = "t.ash"}));
  const auto second = control().apply(two, {.account = "t.fir"});
  ASSERT_TRUE(second) << second.error().error.text();
  EXPECT_TRUE(second->standing.base.is_merged);
  EXPECT_THAT(rules(), ::testing::AllOf(::testing::HasSubstr("one.example"), ::testing::HasSubstr("two.example"),
                                        ::testing::HasSubstr("# ours")));
  // To take it back opens the site, which the lead has to agree to.
  auto back = control().take_back(one, {.account = "t.ash"}, "a mistake", "");
  ASSERT_TRUE(back) << back.error().error.text();
  EXPECT_FALSE(back->applied);
  ASSERT_TRUE(control().agree(back->number, {.account = "d.oak"}, ""));
  ASSERT_TRUE(control().apply(back->number, {.account = "t.ash"}));
  EXPECT_THAT(rules(), ::testing::AllOf(::testing::Not(::testing::HasSubstr("one.example")),
                                        ::testing::HasSubstr("two.example")));
}

TEST_F(ChangeControlTest, AFileChangedByHandUnderAnOpenProposal) {
  const auto number = propose_closing("craze.example");
  std::ofstream(config_ / "rules/a.yaml", std::ios::app) << "# by hand\n";
  auto done = control().apply(number, {.account = "t.ash"});
  ASSERT_TRUE(done) << done.error().error.text();
  EXPECT_THAT(rules(), ::testing::AllOf(::testing::HasSubstr("# by hand"), ::testing::HasSubstr("craze.example")));

  const auto next = propose(*with_rule_end(
      *control().files(), rule(rules::RuleSpec::Effect::block, "craze.example"),
      std::chrono::year_month_day{std::chrono::year(2030), std::chrono::month(12), std::chrono::day(18)}));
  ASSERT_NE(next, 0u);
  std::string text = rules();
  text.replace(text.find("craze.example"), 13, "other.example");
  std::ofstream(config_ / "rules/a.yaml") << text;
  done = control().apply(next, {.account = "t.ash"});
  ASSERT_FALSE(done) << "the rule that it is about is gone";
}

TEST_F(ChangeControlTest, WhatIsAskedForIsAppliedOnceItIsAgreedToAndDue) {
  const auto number = propose_opening("lesson.example");
  ASSERT_TRUE(control().ask(number, {.account = "t.ash"}, now_ + std::chrono::hours(1)));
  EXPECT_TRUE(control().apply_waiting(ChangeControl::Reach::policy)->empty());
  ASSERT_TRUE(control().agree(number, {.account = "d.oak"}, ""));
  EXPECT_TRUE(control().apply_waiting(ChangeControl::Reach::policy)->empty()) << "not due";
  now_ += std::chrono::hours(2);
  const auto tried = control().apply_waiting(ChangeControl::Reach::policy);
  ASSERT_TRUE(tried);
  ASSERT_EQ(tried->size(), 1u);
  EXPECT_TRUE((*tried)[0].outcome);
  EXPECT_EQ(control().find(number)->events.back().by.account, "t.ash");
  EXPECT_TRUE(control().apply_waiting(ChangeControl::Reach::policy)->empty());
}

TEST_F(ChangeControlTest, WhatFailsIsNotTriedForEver) {
  const auto number = propose_closing("craze.example");
  ASSERT_TRUE(control().ask(number, {.account = "t.ash"}, std::nullopt));
  gate_ = {{.message = std::string(5000, 'x') + "\n\x01"}};
  ASSERT_EQ(control().apply_waiting(ChangeControl::Reach::policy)->size(), 1u);
  EXPECT_EQ(control().find(number)->events.back().what, What::failed);
  EXPECT_TRUE(control().apply_waiting(ChangeControl::Reach::policy)->empty());
  gate_.clear();
  ASSERT_TRUE(control().ask(number, {.account = "t.ash"}, std::nullopt));
  EXPECT_EQ(control().apply_waiting(ChangeControl::Reach::policy)->size(), 1u);
  EXPECT_TRUE(control().find(number)->is_applied());
}

TEST_F(ChangeControlTest, NobodysHandReachesTheGatewaysSettings) {
  roles_ = {{"t.ash", "technician"}};  // nobody's consent is asked for
  FileTexts files = *control().files();
  files["schoolgate.yaml"] += "retention: { breaches: 300d }\n";
  const auto number = propose(files);
  ASSERT_TRUE(control().ask(number, {.account = "t.ash"}, std::nullopt));
  const auto tried = control().apply_waiting(ChangeControl::Reach::policy);
  ASSERT_EQ(tried->size(), 1u);
  EXPECT_FALSE((*tried)[0].outcome);
  EXPECT_FALSE(control().find(number)->is_applied());
  EXPECT_TRUE(control().apply(number, {.account = "t.ash"})) << "a person's does";
}

TEST_F(ChangeControlTest, ItWaitsForThoseWhoseConsentIsMissing) {
  const auto number = propose_opening("lesson.example", "d.oak");
  const auto waits_for = [&](std::string who) {
    return control().look(number, {.account = std::move(who)})->waits_for_them;
  };
  EXPECT_FALSE(waits_for("d.oak")) << "their own";
  EXPECT_FALSE(waits_for("h.elm"));
  roles_["d.ash"] = "deputy";
  EXPECT_TRUE(waits_for("d.ash"));
  EXPECT_TRUE(control().look_at_open({.account = "d.ash"})->at(0).waits_for_them);
  ASSERT_TRUE(control().agree(number, {.account = "d.ash"}, ""));
  EXPECT_FALSE(waits_for("d.ash")) << "said already";
}

TEST_F(ChangeControlTest, ChangesByHandAreRefusedWhereTheAcceptedPolicySaysSo) {
  const fs::path folder = folder_.path() / "state/changes";
  std::ofstream(config_ / "policy.yaml", std::ios::app) << "changes: { by_hand: refuse }\n";
  EXPECT_THAT(*refused_by_hand(folder, *control().files()), ::testing::IsEmpty()) << "nothing was accepted yet";
  ASSERT_TRUE(begin_history(folder, *control().files(), now_));
  const auto number = propose_closing("craze.example");
  const std::string accepted = rules();
  std::ofstream(config_ / "rules/a.yaml", std::ios::app) << "# by hand\n";
  EXPECT_THAT(*refused_by_hand(folder, *control().files()), ::testing::ElementsAre("rules/a.yaml"));
  EXPECT_FALSE(control().apply(number, {.account = "t.ash"}));
  std::ofstream(config_ / "rules/a.yaml") << accepted;
  ASSERT_TRUE(control().apply(number, {.account = "t.ash"}));
  EXPECT_THAT(*refused_by_hand(folder, *control().files()), ::testing::IsEmpty());
}

TEST_F(ChangeControlTest, HostileTextIsRefusedOrKeptAsItIs) {
  const auto number = propose_closing("craze.example");
  EXPECT_FALSE(control().comment(number, {.account = "t.ash"}, "two\nlines"));
  EXPECT_FALSE(control().comment(number, {.account = "t.ash"}, std::string(5000, 'x')));
  ASSERT_TRUE(control().comment(number, {.account = "t.ash"}, "<script>'\"; DROP TABLE events"));
  EXPECT_EQ(control().find(number)->events.back().text, "<script>'\"; DROP TABLE events");
  EXPECT_FALSE(control().refuse(number, {.account = "d.oak"}, ""));
  EXPECT_FALSE(control().comment(99, {.account = "t.ash"}, "x"));
}

}  // namespace
}  // namespace schoolgate::changes
