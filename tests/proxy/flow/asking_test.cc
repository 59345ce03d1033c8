// The questions to the policy, without a socket, a thread or a worker.
#include "proxy/flow/asking.h"

#include <gtest/gtest.h>

#include "tests/proxy/flow/conversation.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::test {
namespace {

using rules::Action;
using rules::Stage;
using rules::test::TestList;

class AskingTest : public ::testing::Test {
 protected:
  AskingTest() {
    client.peer.address = *names::IpAddress::parse("127.0.0.1");
    publish({});
  }
  void publish(std::vector<rules::RuleSpec> rules) {
    rules::PolicySpec spec;
    spec.version = "v1";
    spec.timezone = "Europe/London";
    spec.groups = {rules::test::group(
        "pupils", "127.0.0.0/8", {{"gambling", Action::block}, {"games", Action::warn}, {"chat", Action::monitor}})};
    spec.fallback = "pupils";
    spec.inspection = rules::InspectionMode::selective;
    spec.rules = std::move(rules);
    store.publish(rules::test::compiled(spec, lists.database()));
  }
  void know(std::string_view user) {
    auto map = std::make_shared<rules::PresenceMap>();
    auto known = presence("127.0.0.1", person(std::string(user)));
    map->emplace(known->address, std::move(known));
    presences.publish(std::move(map));
  }
  [[nodiscard]] static rules::Request asks_for(std::string_view url) {
    return rules::Request::of_url(*names::Url::parse(url), "GET");
  }
  [[nodiscard]] std::uint64_t counted(Action action) const {
    return counters.requests[std::size_t(action)][std::size_t(Stage::request)].get();
  }

  rules::test::TestLists lists{std::vector<TestList>{
      {.name = "gambling", .category = "gambling", .text = "casino.example\n"},
      {.name = "games", .category = "games", .text = "games.example\n"},
      {.name = "illegal", .category = "child-abuse", .text = "sealed.example\n", .sealed = true}}};
  rules::PolicyStore store{nullptr};
  rules::PresenceStore presences;
  WarningPasses passes;
  Allowances allowances;
  Counters counters;
  Asking asking{
      {.policy = store, .presences = &presences, .authenticator = nullptr, .passes = passes, .allowances = allowances},
      counters};
  Client client;
};

TEST_F(AskingTest, AJudgementIsCountedAndAskingAgainIsNot) {
  const rules::Request casino = asks_for("http://casino.example/");
  EXPECT_TRUE(asking.judge(client, casino, Stage::request).refuses());
  EXPECT_EQ(counted(Action::block), 1u);
  EXPECT_TRUE(asking.judge_again(client, casino, Stage::request).refuses());
  EXPECT_EQ(counted(Action::block), 1u);
}

TEST_F(AskingTest, AJudgementIsOutdatedByAPolicyAndByAPerson) {
  const rules::Request site = asks_for("http://web.example/");
  const Judgement first = asking.judge(client, site, Stage::request);
  EXPECT_FALSE(asking.is_outdated(client, first));
  publish({rules::test::block_site("web.example")});
  EXPECT_TRUE(asking.is_outdated(client, first));
  const Judgement second = asking.judge_again(client, site, Stage::request);
  EXPECT_TRUE(second.refuses());
  EXPECT_FALSE(asking.is_outdated(client, second));
  know("mia");
  EXPECT_TRUE(asking.is_outdated(client, second));
  EXPECT_EQ(asking.judge_again(client, site, Stage::request).subject.user, "mia");
}

TEST_F(AskingTest, TheSignInPageIsAllowedAndIllegalMaterialIsNot) {
  const rules::Request casino = asks_for("http://casino.example/"), sealed = asks_for("http://sealed.example/");
  EXPECT_FALSE(asking.judge_portal(client, casino, Stage::request).refuses());
  EXPECT_TRUE(asking.judge_portal(client, sealed, Stage::request).refuses());
}

TEST_F(AskingTest, AGateAsksItsNetworkToSignInBeforeABlockIsTold) {
  const auto portal = net::Endpoint{*names::IpAddress::parse("127.0.0.1"), 9};
  asking.use(std::make_shared<const SignInGate>(
      *SignInGate::make({*names::IpNetwork::parse("127.0.0.0/8")}, "https://signin.school.example/", portal)));
  const rules::Request casino = asks_for("http://casino.example/"), sealed = asks_for("http://sealed.example/");
  EXPECT_EQ(asking.judge(client, casino, Stage::request).doorway, Doorway::sign_in);
  EXPECT_EQ(counted(Action::block), 0u) << "a door is no decision";
  EXPECT_EQ(asking.judge(client, sealed, Stage::request).doorway, Doorway::open);
  know("mia");
  EXPECT_EQ(asking.judge(client, casino, Stage::request).doorway, Doorway::open);
}

TEST_F(AskingTest, ADeviceOfAGroupThatTheSelftestStandsInForPassesNowhere) {
  client.selftest = Selftest{.as_group = "pupils"};
  const rules::Request site = asks_for("http://web.example/");
  const Judgement judgement = asking.judge(client, site, Stage::request);
  EXPECT_TRUE(judgement.refuses());
  EXPECT_TRUE(judgement.selftest);
  client.selftest = Selftest{.as_group = "no such group"};
  EXPECT_TRUE(asking.judge(client, site, Stage::request).refuses());
}

TEST_F(AskingTest, NothingIsOpenedWithoutAnInspection) {
  const auto casino = rules::Request::of_host(*names::Host::parse("casino.example"), 443, "CONNECT");
  const Judgement judgement = asking.judge(client, casino, Stage::connect);
  EXPECT_FALSE(may_open(judgement, nullptr));
  EXPECT_FALSE(opens(judgement, nullptr));
  const auto inspection = std::make_shared<const Inspection>();
  EXPECT_TRUE(may_open(judgement, inspection));
}

}  // namespace
}  // namespace schoolgate::flow::test
