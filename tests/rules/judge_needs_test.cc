// Helpers of an allowed site, in groups that are walled in.
#include "rules/explain.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

RuleSpec phonics(std::vector<std::string> groups = {}) {
  RuleSpec rule = allow_site("phonics.example", std::move(groups));
  rule.needs = {{"cdn.example", {"rules/local.yaml", 7, 9}}, {"fonts.example", {"rules/local.yaml", 8, 9}}};
  return rule;
}

Request from(std::string_view url, std::string host, bool a_page = true) {
  Request request = get(url);
  request.comes_from({std::move(host), a_page});
  return request;
}

TEST(Needs, AHelperIsOpenForPagesOfItsSite) {
  const auto snapshot = compiled(school({phonics()}));
  for (const char* host : {"phonics.example", "www.phonics.example", "cdn.example", "fonts.example", ""}) {
    const Request request = from("https://cdn.example/app.js", host);
    const Verdict verdict = ask(*snapshot, request, "ks1");
    EXPECT_EQ(verdict.action, Action::allow) << host;
    const Citation citation = snapshot->cite(verdict);
    EXPECT_EQ(citation.rule, "needed by phonics.example");
    EXPECT_EQ(citation.entry, "cdn.example");
    EXPECT_EQ(citation.tier, "local");
  }
}

TEST(Needs, AHelperIsClosedForEverybodyElse) {
  const auto snapshot = compiled(school({phonics()}));
  for (const Request& request :
       {from("https://cdn.example/", "other.example"), from("https://cdn.example/", "", false),
        from("https://cdn.example/", "notphonics.example"), from("https://sub.cdn.example/", "phonics.example")}) {
    const Verdict verdict = ask(*snapshot, request, "ks1");
    EXPECT_EQ(verdict.action, Action::block) << request.url().text() << " from " << request.page().host;
    EXPECT_EQ(verdict.reason.tier, Tier::unlisted);
  }
}

TEST(Needs, ByItsNameAloneItIsOpen) {
  const auto snapshot = compiled(school({phonics()}));
  EXPECT_EQ(ask(*snapshot, connect("cdn.example"), "ks1").action, Action::allow);
  EXPECT_EQ(ask(*snapshot, connect("sub.cdn.example"), "ks1").action, Action::block);
}

TEST(Needs, ItIsForTheGroupsOfItsRuleAndOnlyWhereTheyAreWalledIn) {
  const TestLists lists({{"chat", "chat", blocklists::Format::domains, "cdn.example\n"}});
  PolicySpec spec = school({phonics()});
  spec.groups[1].categories = {{"chat", Action::block, {}}};
  const auto snapshot = compiled(spec, lists.database());
  const Request request = from("https://cdn.example/app.js", "phonics.example");
  EXPECT_EQ(ask(*snapshot, request, "ks1").action, Action::allow);
  EXPECT_EQ(ask(*snapshot, request, "ks2").action, Action::block) << "a group that is not walled in has its categories";
  const auto other = compiled(school({phonics({"staff"})}));
  EXPECT_EQ(ask(*other, request, "ks1").action, Action::block);
}

TEST(Needs, AScheduleThatWallsInCountsWhileItIsOpen) {
  const TestLists lists({{"chat", "chat", blocklists::Format::domains, "cdn.example\n"}});
  PolicySpec spec = school({phonics()});
  spec.groups[1].categories = {{"chat", Action::block, {}}};
  ScheduleSpec lesson;
  lesson.days.fill(true);
  lesson.from_minute = 9 * 60;
  lesson.to_minute = 10 * 60;
  lesson.unlisted = Action::block;
  spec.groups[1].schedules = {lesson};
  const auto snapshot = compiled(spec, lists.database());
  const Request request = from("https://cdn.example/app.js", "phonics.example");
  EXPECT_EQ(ask(*snapshot, request, "ks2", *from_rfc3339("2026-11-23T09:30:00Z")).action, Action::allow);
  EXPECT_EQ(ask(*snapshot, request, "ks2", *from_rfc3339("2026-11-23T10:30:00Z")).action, Action::block);
}

TEST(Needs, AHelperOutranksNoBlockRuleAndNothingIllegal) {
  for (const RuleSpec& block :
       {block_site("cdn.example"), block_site("example", "games"), block_url("cdn.example/app.js"),
        block_pattern("app[.]js"), emergency_site("cdn.example"), block_site("cdn.example", "terrorism")}) {
    const auto snapshot = compiled(school({phonics(), block}));
    const Request request = from("https://cdn.example/app.js", "phonics.example");
    EXPECT_EQ(ask(*snapshot, request, "ks1").action, Action::block) << block.text << ' ' << block.category;
  }
  const TestLists lists({{"bad", "child-abuse", blocklists::Format::domains, "cdn.example\n", true}});
  const auto snapshot = compiled(school({phonics()}), lists.database());
  EXPECT_EQ(ask(*snapshot, connect("cdn.example"), "ks1").action, Action::block);
}

TEST(Needs, AUrlIsNeededByItsOwnHostAlone) {
  RuleSpec rule = allow_url("bbc.example/bitesize");
  rule.needs = {{"cdn.example", {}}};
  const auto snapshot = compiled(school({rule}));
  EXPECT_EQ(ask(*snapshot, from("https://cdn.example/a", "bbc.example"), "ks1").action, Action::allow);
  EXPECT_EQ(ask(*snapshot, from("https://cdn.example/a", "news.bbc.example"), "ks1").action, Action::block);
}

TEST(Needs, TheTechnicianReadsWhoNeedsItAndWhyNot) {
  const auto snapshot = compiled(school({phonics()}));
  const auto technician = [&](const Request& request) {
    return explain(*snapshot, {.group = 0}, request, ask(*snapshot, request, "ks1"), sunday_noon()).technician;
  };
  EXPECT_NE(technician(from("https://cdn.example/", "phonics.example")).find("'needed by phonics.example'"),
            std::string::npos);
  EXPECT_NE(technician(from("https://cdn.example/", "other.example")).find("and other[.]example asks"),
            std::string::npos);
  EXPECT_NE(technician(from("https://cdn.example/", "", false)).find("no page of it is known to ask"),
            std::string::npos);
  EXPECT_NE(technician(connect("cdn.example")).find("Where only the name is seen"), std::string::npos);
}

}  // namespace
}  // namespace schoolgate::rules
