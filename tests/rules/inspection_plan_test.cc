#include "rules/inspection_plan.h"

#include <algorithm>

#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

std::string said(const PlannedOpening& opening) {
  std::string text(to_string(opening.reason));
  for (const std::string* part : {&opening.rule, &opening.list, &opening.category, &opening.name})
    if (!part->empty()) text += " " + *part;
  if (opening.entries != 0) text += " " + std::to_string(opening.entries);
  for (const std::string& host : opening.hosts) text += " <" + host + ">";
  return text + (opening.sealed ? " sealed" : "") + (opening.every_host() ? " everywhere" : "");
}

std::vector<std::string> plan(PolicySpec spec, std::string_view group = "ks2",
                              std::shared_ptr<const blocklists::CategoryDb> lists = nullptr,
                              InspectionMode mode = InspectionMode::selective) {
  spec.inspection = mode;
  const auto snapshot = compiled(spec, std::move(lists));
  std::vector<std::string> all;
  for (const PlannedOpening& opening : inspection_plan(*snapshot, *snapshot->find_group(group), sunday_noon()))
    if (opening.reason != InspectReason::wrapper) all.push_back(said(opening));
  return all;
}
using Lines = std::vector<std::string>;

TEST(InspectionPlan, OfNothingConfiguredHoldsTheWrappersOnly) {
  EXPECT_EQ(plan(school()), Lines{});
  PolicySpec spec = school();
  spec.inspection = InspectionMode::selective;
  const auto all = inspection_plan(*compiled(spec), 1, sunday_noon());
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].reason, InspectReason::wrapper);
  EXPECT_NE(std::ranges::find(all[0].hosts, "web.archive.org"), all[0].hosts.end());
  EXPECT_EQ(std::ranges::find(all[0].hosts, "docs.google.com"), all[0].hosts.end());
}

TEST(InspectionPlan, IsEmptyWhenOff) {
  EXPECT_EQ(plan(school({block_url("forum.example/casino")}), "ks2", nullptr, InspectionMode::off), Lines{});
}

TEST(InspectionPlan, NamesRulesWithTheirHosts) {
  EXPECT_EQ(plan(school({block_url("forum.example/casino"), block_url("forum.example/chat"),
                         block_url("[2001:db8::7]:8443/x"), block_url("staff.example/x", "gambling", {"staff"}),
                         block_site("closed.example"), block_url("closed.example/x"),
                         block_pattern("^https?://here\\.example/.*spins")})),
            (Lines{"url_entry block url forum.example/casino <forum.example>",
                   "url_entry block url [2001:db8::7]:8443/x <[2001:db8::7]>",
                   "pattern block pattern ^https?://here\\.example/.*spins <here.example>"}));
  EXPECT_EQ(plan(school({block_url("files.example/x", "child-abuse")})), (Lines{"url_entry block url sealed sealed"}));
}

TEST(InspectionPlan, SaysThatAPatternReachesEveryHost) {
  EXPECT_EQ(plan(school({block_pattern("spins")})), (Lines{"pattern block pattern spins everywhere"}));
  EXPECT_EQ(plan(school(), "ks2", nullptr, InspectionMode::always), (Lines{"always everywhere"}));
}

TEST(InspectionPlan, NamesListsThatChangeSomethingForTheGroup) {
  const TestLists lists({{"bets", "gambling", blocklists::Format::urls, "a.example/x\nb.example/y\n"},
                         {"wall", "social-media", blocklists::Format::urls, "c.example/x\n"},
                         {"chats", "chat", blocklists::Format::domains, "d.example\n"},
                         {"iwf", "child-abuse", blocklists::Format::urls, "e.example/x\n", true}});
  EXPECT_EQ(plan(school(), "ks2", lists.database()),
            (Lines{"url_entry bets gambling 2", "url_entry iwf child-abuse 1 sealed"}));
  PolicySpec spec = school();
  spec.groups[1].inspect = {"chat"};
  EXPECT_EQ(plan(spec, "ks2", lists.database()),
            (Lines{"url_entry bets gambling 2", "category chats chat 1", "url_entry iwf child-abuse 1 sealed"}));
  spec.never_inspect = {"chat"};
  EXPECT_EQ(plan(spec, "ks2", lists.database()),
            (Lines{"url_entry bets gambling 2", "url_entry iwf child-abuse 1 sealed"}));
  EXPECT_EQ(plan(school(), "ks1", lists.database()), Lines{}) << "everything that is not named is blocked already";
}

TEST(InspectionPlan, NamesSearchEnginesAndSignIn) {
  PolicySpec spec = school();
  spec.groups[1].search_terms = true;
  const Lines all = plan(spec);
  EXPECT_NE(std::ranges::find(all, "search_terms swiggle <swiggle.org.uk> <www.swiggle.org.uk>"), all.end());
  spec.groups[1].search_terms = false;
  spec.groups[1].safe_search = true;
  spec.groups[1].tenants.google = {"school.example"};
  EXPECT_EQ(plan(spec), (Lines{"safe_search <cn.bing.com> <noai.duckduckgo.com> <html.duckduckgo.com> "
                               "<lite.duckduckgo.com> <.search.yahoo.com>",
                               "tenants <.google.com>"}));
}

TEST(InspectionPlan, AgreesWithTheJudgeAboutEveryHostItNames) {
  PolicySpec spec =
      school({block_url("forum.example/casino"), allow_url("closed.example/x"), block_site("closed.example")});
  spec.inspection = InspectionMode::selective;
  spec.groups[1].safe_search = true;
  spec.groups[1].tenants.microsoft = {"school.example"};
  const auto snapshot = compiled(spec);
  int hosts = 0;
  for (const PlannedOpening& opening : inspection_plan(*snapshot, 1, sunday_noon()))
    for (std::string host : opening.hosts) {
      if (host.starts_with('.')) host.erase(0, 1);
      if (host.ends_with(".*")) host.replace(host.size() - 1, 1, "co.uk");
      const Request request = connect(host);
      EXPECT_EQ(ask(*snapshot, request).inspect_reason, opening.reason) << host;
      ++hosts;
    }
  EXPECT_GT(hosts, 60);
}

TEST(NeverOpened, HoldsTheSchoolsOwnAndWhatIsShipped) {
  PolicySpec spec = school();
  spec.never_inspect = {"b.example", "a.example", "chat"};
  const NeverOpened never = never_opened(*compiled(spec));
  EXPECT_EQ(never.sites, (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_EQ(never.categories, (std::vector<std::string>{"chat", "banking", "health"}));
  EXPECT_GT(never.shipped.size(), 100u);
}

}  // namespace
}  // namespace schoolgate::rules
