// The networks that ask, and the way to the page.
#include "proxy/flow/sign_in_gate.h"

#include <gtest/gtest.h>

namespace schoolgate::flow {
namespace {

SignInGate gate(std::string_view page = "https://signin.school.example/", std::string_view portal = "127.0.0.1:8444") {
  return *SignInGate::make({*names::IpNetwork::parse("10.30.0.0/16")}, page, *net::Endpoint::parse(portal));
}
names::Url url(std::string_view text) { return *names::Url::parse(text); }

TEST(SignInGate, AsksInItsNetworksOnly) {
  EXPECT_TRUE(gate().asks(*names::IpAddress::parse("10.30.4.5")));
  EXPECT_FALSE(gate().asks(*names::IpAddress::parse("10.31.4.5")));
}

TEST(SignInGate, PeopleSignInOverHttpsOnly) {
  EXPECT_FALSE(SignInGate::make({}, "http://signin.school.example/", {}));
  EXPECT_FALSE(SignInGate::make({}, "signin", {}));
}

TEST(SignInGate, KnowsThePageByItsName) {
  EXPECT_TRUE(gate().is_page("signin.school.example"));
  EXPECT_FALSE(gate().is_page("x.signin.school.example"));
  EXPECT_FALSE(gate().is_page("school.example"));
}

TEST(SignInGate, LeadsBackToAWebAddressOfBoundedLength) {
  const auto wanted = url("http://web.example/a b?c=d&e=%20#x");
  EXPECT_EQ(gate().way_to_page(&wanted),
            "https://signin.school.example/?url=http%3A%2F%2Fweb.example%2Fa%2520b%3Fc%3Dd%26e%3D%2520");
  EXPECT_EQ(gate("https://signin.school.example/in?x=1").way_to_page(&wanted).substr(0, 46),
            "https://signin.school.example/in?x=1&url=http%");
  EXPECT_EQ(gate().way_to_page(nullptr), "https://signin.school.example/");
  const auto longer = url("http://web.example/" + std::string(1100, 'a'));
  EXPECT_EQ(gate().way_to_page(&longer), "https://signin.school.example/");
  const auto name = names::Url::of_host(*names::Host::parse("web.example"), 443);
  EXPECT_EQ(gate().way_to_page(&name), "https://signin.school.example/");
}

TEST(SignInGate, AListenerOnAllAddressesIsReachedOnLoopback) {
  EXPECT_EQ(gate("https://signin.school.example/", "0.0.0.0:8444").portal().text(), "127.0.0.1:8444");
  EXPECT_EQ(gate("https://signin.school.example/", "[::]:8444").portal().text(), "[::1]:8444");
  EXPECT_EQ(gate("https://signin.school.example/", "10.30.0.1:443").portal().text(), "10.30.0.1:443");
}

}  // namespace
}  // namespace schoolgate::flow
