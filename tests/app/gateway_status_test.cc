#include "app/gateway_status.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "web/json.h"

namespace schoolgate::app {
namespace {

using rules::CategoryProtection;
using rules::ProtectionState;

const TimePoint kNine = from_rfc3339("2026-11-23T09:00:00Z").value();

GatewayStatus running() {
  GatewayStatus status;
  status.is_running = true;
  status.school = "Oak School";
  status.gateway = "gate-1";
  status.groups = {"pupils"};
  status.firewall = {net::FirewallState::in_force, {}, {}};
  status.clock = ClockLine{true, "believed"};
  CategoryProtection row{.group = "pupils", .category = "gambling", .state = ProtectionState::protected_};
  row.lists = {"bets"};
  status.protection.rows = {row};
  status.lists = {{.name = "bets", .category = "gambling", .state = "fresh", .entries = 12}};
  return status;
}

bool names(const std::vector<std::string>& reasons, std::string_view words) {
  return std::ranges::any_of(reasons, [&](const std::string& reason) { return reason.contains(words); });
}

TEST(Status, EverybodyIsProtected) {
  EXPECT_TRUE(reasons_unprotected(running()).empty());
  EXPECT_TRUE(status_words(running(), kNine).starts_with("PROTECTED  Oak School"));
}

TEST(Status, ACategoryWithoutDataIsAReasonUnlessItIsAKnownGap) {
  GatewayStatus status = running();
  status.protection.rows[0].state = ProtectionState::empty;
  EXPECT_TRUE(names(reasons_unprotected(status), "gambling is empty"));
  status.protection.rows[0].known_gap = "no list is to be had";
  EXPECT_FALSE(reasons_unprotected(status).empty()) << "a list of it is configured, and lost";
  status.protection.rows[0].lists.clear();
  EXPECT_TRUE(reasons_unprotected(status).empty());
  status.protection.rows[0].state = ProtectionState::stale;
  EXPECT_TRUE(names(reasons_unprotected(status), "gambling is stale"))
      << "a gap excuses what is empty, not what is old";
}

TEST(Status, AGroupThatWaitsIsAReason) {
  GatewayStatus status = running();
  status.protection.rows[0].waits_for = {"bets"};
  EXPECT_TRUE(names(reasons_unprotected(status), "group pupils is closed until these lists are there: bets"));
}

TEST(Status, AFirewallIsOneOnlyWhileItIsKnownToBeWhole) {
  for (const auto state : {net::FirewallState::missing, net::FirewallState::changed, net::FirewallState::unknown}) {
    GatewayStatus status = running();
    status.firewall = {state, "somebody flushed it", "schoolgate firewall --load"};
    EXPECT_TRUE(names(reasons_unprotected(status), "somebody flushed it"));
  }
  GatewayStatus status = running();
  status.firewall = {net::FirewallState::off, {}, {}};
  EXPECT_TRUE(reasons_unprotected(status).empty()) << "nothing is to be diverted here";
}

TEST(Status, WhatDoesNotServeProtectsNobody) {
  GatewayStatus status = running();
  status.is_closing = true;
  EXPECT_TRUE(names(reasons_unprotected(status), "is closing"));
  status = running();
  status.workers_answer = false;
  EXPECT_TRUE(names(reasons_unprotected(status), "a worker"));
  status = running();
  status.is_running = false;
  EXPECT_TRUE(names(reasons_unprotected(status), "does not run"));
}

TEST(Status, SaysWhatEndsSoonInOneLineEach) {
  GatewayStatus status = running();
  EXPECT_TRUE(status_words(status, kNine).contains("ends soon   nothing within 60 days"))
      << status_words(status, kNine);
  status.ends = {{.what = "the school's authority", .ends = kNine - std::chrono::days(2), .next = {}, .day = {}},
                 {.what = "the certificate of the desk", .ends = kNine + std::chrono::hours(3), .next = {}, .day = {}},
                 {.what = "the licence of the list bets",
                  .ends = kNine + std::chrono::days(7),
                  .next = "Renew it.",
                  .day = "2026-11-29"}};
  const std::string words = status_words(status, kNine);
  EXPECT_TRUE(words.contains("ends soon   the school's authority: ENDED, 2026-11-21\n")) << words;
  EXPECT_TRUE(words.contains("            the certificate of the desk: within a day, 2026-11-23\n")) << words;
  EXPECT_TRUE(words.contains("the licence of the list bets: in 7 days, 2026-11-29\n")) << words;
  EXPECT_TRUE(words.starts_with("PROTECTED")) << "an end to come is no gap";
  const auto json = web::JsonValue::parse(status_json(status, kNine));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->find("ends")->items()[0].find("days")->as_integer(), -2);
  EXPECT_EQ(json->find("ends")->items()[2].text("day"), "2026-11-29");
}

TEST(Status, JsonSaysTheSame) {
  GatewayStatus status = running();
  status.fallbacks = {{"desk", "the disk is full"}};
  status.last_alert = LastAlert{kNine, "Schoolgate: started without: desk on gate-1", "sent"};
  const auto json = web::JsonValue::parse(status_json(status, kNine));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->find("protected")->as_flag(), true);
  EXPECT_EQ(json->find("lists")->items()[0].find("entries")->as_integer(), 12);
  EXPECT_EQ(json->find("fallbacks")->items()[0].text("what"), "desk");
  EXPECT_EQ(json->find("last_alert")->text("state"), "sent");
  EXPECT_EQ(readiness_json({"a \"worker\""}), "{\"ready\":false,\"reasons\":[\"a \\\"worker\\\"\"]}\n");
}

}  // namespace
}  // namespace schoolgate::app
