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
// | the row of a proposal, or the intent, is exchanged while root waits for the lock | what is written is what is
// checked | | an intent that was never agreed to, or is refused meanwhile | left for a person, or given up |
#include "changes/change_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>
#include <utility>

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
                          .roles =
                              [this] {
                                if (on_roles_) on_roles_();
                                return roles_;
                              },
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
  void run_sql(const char* sql) {
    auto database = store::Database::open(folder_.path() / "state/changes/changes.db", store::Database::Access::write);
    ASSERT_TRUE(database);
    const auto done = database->run(sql);
    ASSERT_TRUE(done) << done.error().text();
  }
  /// As a power cut leaves it, or an intruder writes it: `after` on top of what is accepted.
  void leave_intent(std::uint64_t number, const FileTexts& after, const std::string& names,
                    const std::string& file = "intent") {
    auto history = History::open(folder_.path() / "state/changes");
    ASSERT_TRUE(history);
    ASSERT_TRUE(follow_files(*history, *control().files(), "As found\n", now_));
    const auto commit = history->write(after, "m\n", now_);
    ASSERT_TRUE(commit);
    std::ofstream(folder_.path() / "state/changes" / file) << *commit << "\n"
                                                           << number << "\nt.ash\n\n"
                                                           << names << "\n";
  }
  bool is_left() { return is_cut_off(folder_.path() / "state/changes"); }
  std::string rules() { return *read_file(config_ / "rules/a.yaml"); }

  TemporaryFolder folder_;
  fs::path config_ = folder_.path() / "config";
  std::map<std::string, std::string, std::less<>> roles_{
      {"t.ash", "technician"}, {"t.fir", "technician"}, {"d.oak", "dsl"}, {"h.elm", "head"}};
  std::function<void()> on_roles_;
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

TEST_F(ChangeControlTest, AnAccountThatIsSwitchedOffAsksForNothing) {
  const auto number = propose_opening("lesson.example");
  ASSERT_TRUE(control().ask(number, {.account = "t.ash"}, now_));
  ASSERT_TRUE(control().agree(number, {.account = "d.oak"}, ""));
  roles_["t.ash"] = "";
  EXPECT_TRUE(control().apply_waiting(ChangeControl::Reach::policy)->empty());
  roles_["t.ash"] = "technician";
  EXPECT_EQ(control().apply_waiting(ChangeControl::Reach::policy)->size(), 1u);
}

TEST_F(ChangeControlTest, AccountsThatAreSwitchedOffStillCountAsColleagues) {
  const auto number = propose_opening("lesson.example");
  for (auto& [account, role] : roles_)
    if (account != "t.ash") role.clear();
  const auto standing = control().standing(*control().find(number));
  ASSERT_TRUE(standing);
  EXPECT_FALSE(standing->missing.empty());
}

TEST_F(ChangeControlTest, ARefusalStandsWhileItsAccountDoes) {
  const auto number = propose_opening("lesson.example");
  ASSERT_TRUE(control().refuse(number, {.account = "d.oak"}, "not now"));
  EXPECT_THAT(control().standing(*control().find(number))->refusals, testing::ElementsAre("d.oak"));
  roles_["d.oak"] = "";
  EXPECT_TRUE(control().standing(*control().find(number))->refusals.empty());
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

TEST_F(ChangeControlTest, ARowThatIsExchangedBeforeTheLockDoesNotReachTheGatewaysSettings) {
  roles_ = {{"t.ash", "technician"}};
  const auto number = propose_closing("craze.example");
  FileTexts files = *control().files();
  const std::string settings = files["schoolgate.yaml"];
  ASSERT_TRUE(control().ask(number, {.account = "t.ash"}, std::nullopt));
  run_sql("DROP TRIGGER keep_files; DROP TRIGGER keep_files_too");
  bool is_exchanged = false;
  on_roles_ = [&] {
    if (std::exchange(is_exchanged, true)) return;
    run_sql(("UPDATE files SET name = 'schoolgate.yaml', before = '" + settings + "', after = '" + settings +
             "retention: { breaches: 300d }\n'")
                .c_str());
  };
  const auto tried = control().apply_waiting(ChangeControl::Reach::policy);
  ASSERT_TRUE(tried);
  EXPECT_EQ(*read_file(config_ / "schoolgate.yaml"), settings);
  EXPECT_FALSE(control().find(number)->is_applied());
}

TEST_F(ChangeControlTest, AnIntentThatIsExchangedBeforeTheLockDoesNotReachTheGatewaysSettings) {
  roles_ = {{"t.ash", "technician"}};
  const auto number = propose_closing("craze.example");
  FileTexts evil = *control().files(), fine = evil;
  const std::string settings = evil["schoolgate.yaml"];
  evil["schoolgate.yaml"] += "retention: { breaches: 300d }\n";
  fine["rules/a.yaml"] = control().find(number)->files[0].after.value();
  leave_intent(number, evil, "schoolgate.yaml", "evil");
  leave_intent(number, fine, "rules/a.yaml");
  const fs::path changes = folder_.path() / "state/changes";
  std::optional<Exclusive> lock(*Exclusive::take(changes));
  std::jthread root([this] { (void)control().finish_cut_off({}, ChangeControl::Reach::policy); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  fs::rename(changes / "evil", changes / "intent");
  lock.reset();
  root.join();
  EXPECT_EQ(*read_file(config_ / "schoolgate.yaml"), settings);
  EXPECT_TRUE(is_left());
}

// Whoever may write the history says what was before: the gateway that refuses must not bring that into the settings.
TEST_F(ChangeControlTest, WhatIsTakenBackOfAnIntentIsNoMoreThanItsFiles) {
  roles_ = {{"t.ash", "technician"}};
  const auto number = propose_closing("craze.example");
  FileTexts now = *control().files(), evil = now, fine = now;
  evil["schoolgate.yaml"] += "retention: { breaches: 300d }\n";
  fine["rules/a.yaml"] = control().find(number)->files[0].after.value();
  auto history = History::open(folder_.path() / "state/changes");
  ASSERT_TRUE(history->advance(*history->write(evil, "evil\n", now_)));
  const auto commit = history->write(fine, "m\n", now_);
  std::ofstream(folder_.path() / "state/changes/intent") << *commit << "\n" << number << "\nt.ash\n\nrules/a.yaml\n";
  answer_ = {GatewayAnswer::What::refused_it, "no"};
  (void)control().finish_cut_off({}, ChangeControl::Reach::everything);
  EXPECT_EQ(*read_file(config_ / "schoolgate.yaml"), now["schoolgate.yaml"]);
}

TEST_F(ChangeControlTest, NobodysHandFinishesWhatIsNotAgreedToOrWouldBeRefused) {
  const auto number = propose_opening("lesson.example");
  FileTexts after = *control().files();
  after["rules/a.yaml"] = control().find(number)->files[0].after.value();
  const std::string before = rules();
  leave_intent(number, after, "rules/a.yaml");
  EXPECT_FALSE(control().finish_cut_off({}, ChangeControl::Reach::policy)) << "nobody agreed";
  ASSERT_TRUE(control().agree(number, {.account = "d.oak"}, ""));
  gate_ = {{.message = "a test failed"}};
  EXPECT_FALSE(control().finish_cut_off({}, ChangeControl::Reach::policy)) << "the gate";
  EXPECT_EQ(rules(), before);
  gate_.clear();
  after["rules/a.yaml"] += "# more than was agreed to\n";
  leave_intent(number, after, "rules/a.yaml");
  EXPECT_FALSE(control().finish_cut_off({}, ChangeControl::Reach::policy)) << "another text";
  EXPECT_EQ(rules(), before);
  EXPECT_TRUE(is_left()) << "for a person";
  after["rules/a.yaml"] = control().find(number)->files[0].after.value();
  leave_intent(number, after, "rules/a.yaml");
  const auto done = control().finish_cut_off({}, ChangeControl::Reach::policy);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(rules(), after["rules/a.yaml"]);
  EXPECT_FALSE(is_left());
}

TEST_F(ChangeControlTest, WhatIsRefusedMeanwhileIsNotFinished) {
  const auto number = propose_opening("lesson.example");
  FileTexts after = *control().files();
  after["rules/a.yaml"] = control().find(number)->files[0].after.value();
  after["rules/b.yaml"] = "block:\n  - { site: b.example, category: gambling }\n";
  const FileTexts before = *control().files();
  ASSERT_TRUE(control().agree(number, {.account = "d.oak"}, ""));
  leave_intent(number, after, "rules/a.yaml\nrules/b.yaml");
  ASSERT_TRUE(control().refuse(number, {.account = "h.elm"}, "no"));
  // One of its files was written before the cut: nobody's hand goes back, a person's does.
  std::ofstream(config_ / "rules/a.yaml") << after["rules/a.yaml"];
  EXPECT_FALSE(control().finish_cut_off({}, ChangeControl::Reach::policy));
  EXPECT_EQ(rules(), after["rules/a.yaml"]);
  const auto done = control().finish_cut_off({}, ChangeControl::Reach::everything);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(*control().files(), before);
  EXPECT_FALSE(is_left());
  EXPECT_FALSE(control().find(number)->is_applied());
  // Nothing was written: there is nothing to go back to.
  leave_intent(number, after, "rules/a.yaml\nrules/b.yaml");
  ASSERT_TRUE(control().finish_cut_off({}, ChangeControl::Reach::policy));
  EXPECT_FALSE(is_left());
  EXPECT_EQ(*control().files(), before);
}

TEST_F(ChangeControlTest, ConsentToADateIsNoneToAnEarlierOne) {
  const auto number = propose_opening("lesson.example");
  ASSERT_TRUE(control().ask(number, {.account = "t.ash"}, now_ + std::chrono::hours(48)));
  ASSERT_TRUE(control().agree(number, {.account = "d.oak"}, ""));
  EXPECT_TRUE(control().look(number, {.account = "t.ash"})->standing->missing.empty());
  EXPECT_FALSE(control().apply(number, {.account = "t.ash"})) << "by command, before it";
  ASSERT_TRUE(control().ask(number, {.account = "t.ash"}, std::nullopt));
  EXPECT_TRUE(control().apply_waiting(ChangeControl::Reach::policy)->empty()) << "at once";
  EXPECT_TRUE(control().look(number, {.account = "d.oak"})->waits_for_them);
  ASSERT_TRUE(control().ask(number, {.account = "t.ash"}, now_ + std::chrono::hours(24)));
  now_ += std::chrono::hours(25);
  EXPECT_TRUE(control().apply_waiting(ChangeControl::Reach::policy)->empty()) << "a day earlier";
  EXPECT_FALSE(control().find(number)->is_applied());
  ASSERT_TRUE(control().agree(number, {.account = "d.oak"}, ""));
  EXPECT_EQ(control().apply_waiting(ChangeControl::Reach::policy)->size(), 1u);
  EXPECT_TRUE(control().find(number)->is_applied());
}

TEST_F(ChangeControlTest, ARefusalOfAnAccountThatIsGoneStopsNothing) {
  const auto number = propose_closing("craze.example");
  ASSERT_TRUE(control().ask(number, {.account = "t.ash"}, std::nullopt));
  ASSERT_TRUE(control().refuse(number, {.account = "h.elm"}, "no"));
  EXPECT_TRUE(control().apply_waiting(ChangeControl::Reach::policy)->empty());
  roles_.erase("h.elm");
  EXPECT_EQ(control().apply_waiting(ChangeControl::Reach::policy)->size(), 1u);
  EXPECT_TRUE(control().find(number)->is_applied());
}

TEST_F(ChangeControlTest, NothingIsPutInForceBesideAChangeThatIsCutOff) {
  const auto number = propose_closing("craze.example");
  ASSERT_TRUE(control().ask(number, {.account = "t.ash"}, std::nullopt));
  leave_intent(number, *control().files(), "rules/a.yaml");
  EXPECT_FALSE(control().apply(number, {.account = "t.ash"}));
  EXPECT_FALSE(control().apply_waiting(ChangeControl::Reach::everything));
  EXPECT_NE(control().find(number)->asked(), nullptr) << "it is asked for as before";
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
