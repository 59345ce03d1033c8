// Proxy-Authorization as the hallway hands it over, answered by real accounts.
#include "app/proxy_authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "identity/credentials_field.h"
#include "identity/password.h"

namespace schoolgate::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = flow::Authenticator::Answer::Kind;
using identity::Source;

const names::IpAddress kDesk = *names::IpAddress::parse("10.20.2.9"), kWireless = *names::IpAddress::parse("10.20.6.9");

class ProxyAuthenticatorTest : public ::testing::Test {
 protected:
  ProxyAuthenticatorTest() {
    settings_.sources = {Source::negotiate, Source::basic};
    settings_.basic_networks = {*names::IpNetwork::parse("10.20.2.0/24")};
    const std::string hash = *identity::hash_password("three green apples");
    credentials_ =
        *identity::Credentials::start({}, [hash](std::string_view user) -> std::optional<identity::LocalAccount> {
          if (user != "amelia.hughes") return std::nullopt;
          return identity::LocalAccount{.password_hash = hash, .name = "Amelia Hughes", .groups = {"pupils"}};
        });
  }
  ProxyAuthenticator make() {
    return {settings_,
            *credentials_,
            {.proved =
                 [this](const names::IpAddress& address, const rules::Person& person) {
                   seen_.push_back(person.user + " at " + address.text() + " by " + person.source);
                   if (full_) return std::shared_ptr<const rules::Presence>();
                   auto presence = std::make_shared<rules::Presence>();
                   presence->address = address;
                   presence->person = person;
                   return std::shared_ptr<const rules::Presence>(presence);
                 },
             .refused = [this](const names::IpAddress& address) { seen_.push_back("refused at " + address.text()); }}};
  }
  static flow::Authenticator::Answer ask(ProxyAuthenticator& authenticator, const std::string& field,
                                         const names::IpAddress& client = kDesk) {
    std::promise<flow::Authenticator::Answer> promise;
    authenticator.authenticate(client, field,
                               [&](flow::Authenticator::Answer answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }
  static std::string basic(const std::string& text) { return "Basic " + to_base64(text); }

  identity::IdentitySettings settings_;
  std::unique_ptr<identity::Credentials> credentials_;
  std::vector<std::string> seen_;
  bool full_ = false;
};

TEST_F(ProxyAuthenticatorTest, BasicIsOfferedWhereAPasswordMayComeInClear) {
  const auto authenticator = make();
  EXPECT_THAT(authenticator.challenges(kDesk), ElementsAre("Basic realm=\"school\", charset=\"UTF-8\""));
  EXPECT_THAT(authenticator.challenges(kWireless), IsEmpty());
}

TEST_F(ProxyAuthenticatorTest, NobodyIsAskedOutsideTheProxysNetworks) {
  settings_.proxy_networks = {*names::IpNetwork::parse("10.20.6.0/24")};
  EXPECT_THAT(make().challenges(kDesk), IsEmpty());
}

TEST_F(ProxyAuthenticatorTest, NothingIsOfferedThatIsNoSource) {
  settings_.sources = {Source::radius};
  EXPECT_THAT(make().challenges(kDesk), IsEmpty());
}

TEST_F(ProxyAuthenticatorTest, ARightPasswordMakesAPresence) {
  auto authenticator = make();
  const auto answer = ask(authenticator, basic("Amelia.Hughes:three green apples"));
  ASSERT_EQ(answer.kind, Kind::accepted);
  EXPECT_EQ(answer.presence->person->user, "amelia.hughes");
  EXPECT_EQ(answer.presence->person->groups, std::vector<std::string>{"pupils"});
  EXPECT_THAT(seen_, ElementsAre("amelia.hughes at 10.20.2.9 by basic"));
  EXPECT_EQ(answer.reply, "");
}

TEST_F(ProxyAuthenticatorTest, WrongMalformedAndUnofferedAreRefused) {
  auto authenticator = make();
  for (const std::string& field : {basic("amelia.hughes:four green apples"), basic("no colon"), basic("*)(uid=*:x"),
                                   std::string("Basic %%%"), std::string("Negotiate YII="), std::string("Negotiate"),
                                   std::string("Digest x"), std::string(), std::string(200'000, 'A')})
    EXPECT_EQ(ask(authenticator, field).kind, Kind::refused) << field.substr(0, 30);
  // Each is a sign that another person may sit there.
  EXPECT_THAT(seen_, ::testing::AllOf(::testing::SizeIs(9), ::testing::Each("refused at 10.20.2.9")));
}

TEST_F(ProxyAuthenticatorTest, ARightPasswordFromTheWrongNetworkIsRefused) {
  auto authenticator = make();
  EXPECT_EQ(ask(authenticator, basic("amelia.hughes:three green apples"), kWireless).kind, Kind::refused);
  EXPECT_EQ(credentials_->counters().accepted, 0u);
}

TEST_F(ProxyAuthenticatorTest, ASessionThatIsNotGivenIsARefusal) {
  full_ = true;
  auto authenticator = make();
  EXPECT_EQ(ask(authenticator, basic("amelia.hughes:three green apples")).kind, Kind::refused);
}

}  // namespace
}  // namespace schoolgate::app
