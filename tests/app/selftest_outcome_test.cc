#include "app/selftest_outcome.h"

#include <gtest/gtest.h>

#include "names/host.h"

namespace schoolgate::app {
namespace {

using rules::Action;

const ProbeClient kPupil{names::IpAddress::v4(0x7F000001), {}};

Check tunnel_check(Action expected) {
  return {.request = rules::Request::of_host(*names::Host::parse("a.example"), 443, "CONNECT"),
          .expected = expected,
          .from = &kPupil};
}

std::string record(std::string_view action, std::string_view device = "127.0.0.1") {
  return R"({"device":")" + std::string(device) + R"(","action":")" + std::string(action) +
         R"(","site":"a.example","url":"https://a.example/","method":"CONNECT"})";
}

struct Case {
  const char* name;
  Action expected;
  int status;
  std::vector<std::string> records;
  const char* found;
  bool as_expected;
};

const Case kCases[] = {
    {"blocked and recorded", Action::block, 403, {record("block")}, "block", true},
    {"blocked without a record", Action::block, 403, {}, "refused without a record", false},
    {"the record of somebody else",
     Action::block,
     403,
     {record("block", "127.0.1.1")},
     "refused without a record",
     false},
    {"let through", Action::block, 200, {}, "allow", false},
    {"let through to a dead site", Action::block, 502, {}, "unreachable", false},
    {"recorded and let through all the same",
     Action::block,
     200,
     {record("block")},
     "recorded as block and not refused",
     false},
    {"warned", Action::warn, 403, {record("warn")}, "warn", true},
    {"blocked where a warning was due", Action::warn, 403, {record("block")}, "block", false},
    {"allowed", Action::allow, 200, {}, "allow", true},
    {"allowed and monitored", Action::monitor, 200, {record("monitor")}, "allow", true},
    {"allowed to a dead site", Action::allow, 504, {}, "unreachable", true},
    {"allowed to a refused destination", Action::allow, 403, {}, "unreachable", true},
    {"blocked against the policy", Action::allow, 403, {record("block")}, "block", false},
    {"an answer that makes no sense", Action::allow, 400, {}, "an error", false},
    {"no answer where one is due", Action::allow, 0, {}, "no answer", false},
    {"no answer is no block", Action::block, 0, {}, "no answer", false},
};

TEST(SelftestOutcome, TellsWhatTheGatewayDidFromAnswerAndRecord) {
  for (const Case& one : kCases) {
    Check check = tunnel_check(one.expected);
    judge_outcome(check, {.status = one.status, .failure = {}}, one.records);
    EXPECT_EQ(check.found, one.found) << one.name;
    EXPECT_EQ(check.as_expected, one.as_expected) << one.name;
    EXPECT_EQ(check.status, one.status) << one.name;
  }
}

Check inside_check(std::string_view url, Action expected) {
  return {.request = rules::Request::of_url(*names::Url::parse(url), "GET"),
          .expected = expected,
          .from = &kPupil,
          .inside = true};
}

TEST(SelftestOutcome, AnAnswerFromInsideIsJudgedLikeAnyOther) {
  const std::string stored = R"({"device":"127.0.0.1","action":"block","url":"https://a.example/x","method":"GET"})";
  Check blocked = inside_check("https://a.example/x", Action::block);
  judge_outcome(blocked, {.status = 403, .failure = {}, .inside = true}, {stored});
  EXPECT_TRUE(blocked.as_expected) << blocked.found;
  Check unreachable = inside_check("https://a.example/x", Action::allow);
  judge_outcome(unreachable, {.status = 502, .failure = {}, .inside = true}, {});
  EXPECT_EQ(unreachable.found, "unreachable");
  EXPECT_TRUE(unreachable.as_expected);
  Check let_through = inside_check("https://a.example/x", Action::block);
  judge_outcome(let_through, {.status = 502, .failure = {}, .inside = true}, {});
  EXPECT_FALSE(let_through.as_expected);
}

TEST(SelftestOutcome, WhatWasToBeOpenedAndWasNotIsADifferenceWhateverCame) {
  const std::string stored = R"({"device":"127.0.0.1","action":"warn","url":"https://a.example/","method":"CONNECT"})";
  for (const Action expected : {Action::allow, Action::warn, Action::block})
    for (const int status : {200, 403, 502}) {
      Check check = inside_check("https://a.example/", expected);
      judge_outcome(check, {.status = status, .failure = "CONNECT was refused"}, {stored});
      EXPECT_EQ(check.found, "not opened");
      EXPECT_EQ(check.note, "CONNECT was refused");
      EXPECT_FALSE(check.as_expected);
    }
}

TEST(SelftestOutcome, SearchesAreToldApartByWhatWasSearchedFor) {
  const std::string stored =
      R"({"device":"127.0.0.1","action":"block","url":"https://www.bing.com/search?…","search":"free robux",)"
      R"("method":"GET"})";
  Check blocked = inside_check("https://www.bing.com/search?q=free+robux", Action::block);
  judge_outcome(blocked, {.status = 403, .failure = {}, .inside = true}, {stored});
  EXPECT_EQ(blocked.found, "block");
  Check other = inside_check("https://www.bing.com/search?q=number+bonds", Action::allow);
  judge_outcome(other, {.status = 502, .failure = {}, .inside = true}, {stored});
  EXPECT_EQ(other.found, "unreachable");
}

TEST(SelftestOutcome, ARecordWithoutItsQueryAccusesNoAllowedAddress) {
  const std::string stored = R"({"device":"127.0.0.1","action":"block","url":"http://a.example/x?…","method":"GET"})";
  Check check{.request = rules::Request::of_url(*names::Url::parse("http://a.example/x?fine"), "GET"),
              .expected = Action::allow,
              .from = &kPupil};
  judge_outcome(check, {.status = 200, .failure = {}}, {stored});
  EXPECT_EQ(check.found, "allow");
}

TEST(SelftestOutcome, ASitesOwnErrorIsAnAllowedRequest) {
  Check check{.request = rules::Request::of_url(*names::Url::parse("http://a.example/x"), "GET"),
              .expected = Action::allow,
              .from = &kPupil};
  judge_outcome(check, {.status = 404, .failure = {}}, {});
  EXPECT_EQ(check.found, "allow");
}

TEST(SelftestOutcome, TheQueryIsNotInARecordAndNotNeeded) {
  Check check{.request = rules::Request::of_url(*names::Url::parse("http://a.example/x?secret"), "GET"),
              .expected = Action::block,
              .from = &kPupil};
  const std::string stored = R"({"device":"127.0.0.1","action":"block","url":"http://a.example/x?…","method":"GET"})";
  judge_outcome(check, {.status = 403, .failure = {}}, {stored});
  EXPECT_EQ(check.found, "block");
}

TEST(SelftestOutcome, WhatIsNotSentIsAsTheLoadedPolicySays) {
  Check check = tunnel_check(Action::warn);
  judge_unsent(check);
  EXPECT_EQ(check.found, "warn");
  EXPECT_TRUE(check.as_expected);
}

}  // namespace
}  // namespace schoolgate::app
