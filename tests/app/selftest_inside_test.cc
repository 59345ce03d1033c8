#include "app/selftest_inside.h"

#include <gtest/gtest.h>

#include "tests/app/one_answer.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using names::IpAddress;

rules::Request get(std::string_view url) { return rules::Request::of_url(*names::Url::parse(url), "GET"); }

TEST(SelftestInsideHead, AsksForThePathWithTheHostAsABrowserDoes) {
  const std::string head = inside_head(get("https://forum.example/casino/x?y=1"));
  EXPECT_TRUE(head.starts_with("GET /casino/x?y=1 HTTP/1.1\r\nHost: forum.example\r\n")) << head;
  EXPECT_TRUE(head.contains("\r\nUser-Agent: schoolgate-selftest\r\n") && head.ends_with("\r\n\r\n")) << head;
  EXPECT_TRUE(inside_head(get("https://forum.example:8444/")).contains("\r\nHost: forum.example:8444\r\n"));
}

class SelftestInside : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(school_.run({"ca", "create"}).status, 0);
    config::Settings settings;
    settings.state = school_.state();
    auto made = device_of_school(settings);
    ASSERT_TRUE(made) << made.error().text();
    device_ = std::move(*made);
  }
  ProbeAnswer ask(test::OneAnswer& proxy) {
    ProbeAnswer answer = send_inside(*device_, proxy.at(), IpAddress::v4(0x7F000109), get("https://a.example/x"),
                                     std::chrono::seconds(30), test::nobody_is_told);
    proxy.join();
    return answer;
  }
  test::ScratchSchool school_;
  std::unique_ptr<tls::UpstreamContext> device_;
};

TEST_F(SelftestInside, ARefusedConnectIsNoAnswerFromInside) {
  test::OneAnswer proxy("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  const ProbeAnswer answer = ask(proxy);
  EXPECT_EQ(answer.status, 403);
  EXPECT_FALSE(answer.inside);
  EXPECT_EQ(answer.failure, "CONNECT was refused");
  EXPECT_TRUE(proxy.asked().starts_with("CONNECT a.example:443 HTTP/1.1\r\n")) << proxy.asked();
  EXPECT_EQ(proxy.from(), IpAddress::v4(0x7F000109));
}

TEST_F(SelftestInside, WhatIsNotTlsInsideIsNoAnswerFromInside) {
  const std::string alert("\x15\x03\x03\0\x02\x02\x31", 7);
  for (const std::string& inside : {std::string(), std::string("HTTP/1.1 403 Forbidden\r\n\r\n"), alert}) {
    test::OneAnswer proxy("HTTP/1.1 200 Connection established\r\n\r\n" + inside);
    const ProbeAnswer answer = ask(proxy);
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.inside);
    EXPECT_NE(answer.failure, "");
  }
}

TEST_F(SelftestInside, AnAnswerToConnectThatDoesNotEndIsAFailure) {
  test::OneAnswer proxy("HTTP/1.1 200 Connection established\r\nVia: 1.1 x\r\n");
  const ProbeAnswer answer = ask(proxy);
  EXPECT_FALSE(answer.inside);
  EXPECT_NE(answer.failure, "");
}

TEST(SelftestInsideWithoutAuthority, SaysThatThereIsNone) {
  const test::ScratchSchool school;
  config::Settings settings;
  settings.state = school.state();
  const auto made = device_of_school(settings);
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().what.contains("authority.pem")) << made.error().text();
}

}  // namespace
}  // namespace schoolgate::app
