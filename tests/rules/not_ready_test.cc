#include "rules/not_ready.h"

#include <gtest/gtest.h>

#include "rules/explain.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

PolicySpec waiting(std::vector<RuleSpec> rules = {}) {
  PolicySpec spec = school(std::move(rules));
  ScheduleSpec always;
  always.days.fill(true);
  always.unlisted = Action::allow;
  always.categories = {{.category = "gambling", .action = Action::allow, .at = at(1)}};
  spec.groups[1].schedules.push_back(always);
  spec.groups[1].categories = {{.category = "gambling", .action = Action::block, .at = at(1)},
                               {.category = "pornography", .action = Action::block, .at = at(2)},
                               {.category = "games", .action = Action::warn, .at = at(3)}};
  close_until_ready(spec.groups[1], {"ut1-adult", "ut1-gambling"});
  return spec;
}

TEST(NotReady, EverythingWaitsButHelpAndWhatTheSchoolAllows) {
  const TestLists lists({{"bets", "gambling", blocklists::Format::domains, "bets.example\n"},
                         {"adult", "pornography", blocklists::Format::domains, "adult.example\n"},
                         {"games", "games", blocklists::Format::domains, "games.example\n"}});
  const auto policy = compiled(waiting({allow_site("maths.example"), block_site("spins.example"),
                                        emergency_site("now.example"), block_site("worst.example", "child-abuse")}),
                               lists.database());
  struct Row {
    const char* what;
    const char* url;
    Action action;
    bool not_ready;
  };
  const Row rows[] = {
      {"a site that no list knows", "http://anything.example/", Action::block, true},
      {"one that a list knows, at a time when a schedule would open it", "http://bets.example/", Action::block, true},
      {"one of a list that is there, blocked at every hour", "http://adult.example/", Action::block, false},
      {"one that the group is warned of", "http://games.example/", Action::block, true},
      {"what the school allows", "http://maths.example/", Action::allow, false},
      {"a site of help", "https://www.childline.org.uk/", Action::allow, false},
      {"what the school blocks", "http://spins.example/", Action::block, false},
      {"an emergency", "http://now.example/", Action::block, false},
      {"illegal content", "http://worst.example/", Action::block, false},
  };
  const GroupIndex group = *policy->find_group("ks2");
  for (const Row& row : rows) {
    const Request request = get(row.url);
    const Verdict verdict = ask(*policy, request);
    EXPECT_EQ(verdict.action, row.action) << row.what;
    EXPECT_EQ(is_not_ready(*policy, group, verdict), row.not_ready) << row.what;
  }
  const Request by_name = connect("anything.example");
  EXPECT_TRUE(is_not_ready(*policy, group, ask(*policy, by_name)));
}

TEST(NotReady, OtherGroupsWaitForNothing) {
  const auto policy = compiled(waiting());
  const Request request = get("http://anything.example/");
  EXPECT_EQ(ask(*policy, request, "staff").action, Action::allow);
  const Verdict walled_in = ask(*policy, request, "ks1");
  EXPECT_EQ(walled_in.action, Action::block);
  EXPECT_FALSE(is_not_ready(*policy, *policy->find_group("ks1"), walled_in)) << "it never had more";
}

TEST(NotReady, ExplainNamesTheLists) {
  const auto policy = compiled(waiting());
  const Request request = get("http://anything.example/");
  const Subject subject{.group = *policy->find_group("ks2")};
  const Explanation said = explain(*policy, subject, request, ask(*policy, request), sunday_noon());
  EXPECT_NE(said.technician.find("first_start: wait, for the lists ut1-adult, ut1-gambling"), std::string::npos)
      << said.technician;
  EXPECT_NE(said.pupil.find("getting ready"), std::string::npos) << said.pupil;
}

}  // namespace
}  // namespace schoolgate::rules
