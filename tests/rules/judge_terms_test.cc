// How the judge treats what somebody searches for.
#include "rules/judge.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;
using Effect = RuleSpec::Effect;

RuleSpec term(Effect effect, std::string text, std::string category = {}, std::vector<std::string> groups = {}) {
  return rule(effect, RuleSpec::Kind::term, std::move(text), std::move(category), std::move(groups));
}
RuleSpec block_term(std::string text, std::vector<std::string> groups = {}) {
  return term(Effect::block, std::move(text), "weapons", std::move(groups));
}
RuleSpec watch_term(std::string text, std::string category) {
  return term(Effect::categorise, std::move(text), std::move(category));
}
RuleSpec allow_term(std::string text) { return term(Effect::allow, std::move(text)); }

std::string search(std::string_view words) { return "https://www.google.co.uk/search?q=" + std::string(words); }

TEST(Term, BlocksASearchForIt) {
  const PolicySpec spec = school({block_term("how to make a bomb")});
  EXPECT_EQ(action_for(spec, search("how+to+make+a+bomb")), Action::block);
  EXPECT_EQ(action_for(spec, search("How%20to%20make%20a%20BOMB%20at%20home")), Action::block);
  EXPECT_EQ(action_for(spec, search("how+to+make+a+cake")), Action::allow);
  EXPECT_EQ(action_for(spec, "https://example.org/search?q=how+to+make+a+bomb"), Action::allow) << "no search engine";
  EXPECT_EQ(action_for(spec, "https://www.youtube.com/results?search_query=how+to+make+a+bomb"), Action::block);
}

TEST(Term, IsCitedAsWritten) {
  const auto snapshot = compiled(school({block_term("How to make a bomb")}));
  const Request request = get(search("how+to+make+a+bomb"));
  const Citation citation = snapshot->cite(ask(*snapshot, request));
  EXPECT_EQ(citation.tier, "local");
  EXPECT_EQ(citation.rule, "block term How to make a bomb");
  EXPECT_EQ(citation.entry, "How to make a bomb");
  EXPECT_EQ(citation.source, "rules/local.yaml:1");
  EXPECT_EQ(citation.category, "weapons");
}

TEST(Term, IsForItsGroupsAndUntilItsDay) {
  PolicySpec spec = school({block_term("bomb", {"ks2"})});
  EXPECT_EQ(action_for(spec, search("bomb"), "ks2"), Action::block);
  EXPECT_EQ(action_for(spec, search("bomb"), "staff"), Action::allow);
  spec.rules[0].until = std::chrono::year(2026) / 11 / 21;
  EXPECT_EQ(action_for(spec, search("bomb"), "ks2"), Action::allow);
}

TEST(Term, OutranksAnAllowedSearchEngine) {
  EXPECT_EQ(
      action_for(school({block_term("bomb"), allow_site("www.google.co.uk"), allow_url("www.google.co.uk/search")}),
                 search("bomb"), "ks1"),
      Action::block);
}

TEST(Term, OfACategoryDoesWhatTheGroupDoesWithTheCategory) {
  const PolicySpec spec = school({watch_term("fruit machine*", "gambling"), watch_term("free game*", "games"),
                                  watch_term("chat room*", "chat"), watch_term("poem", "weapons")});
  EXPECT_EQ(action_for(spec, search("fruit+machines")), Action::block);
  EXPECT_EQ(action_for(spec, search("free+games")), Action::warn);
  EXPECT_EQ(action_for(spec, search("chat+rooms")), Action::monitor);
  EXPECT_EQ(action_for(spec, search("poem")), Action::allow) << "the group does not name the category";
  EXPECT_EQ(action_for(spec, search("free+games+and+chat+rooms+and+fruit+machines")), Action::block) << "the strictest";
  const auto snapshot = compiled(spec);
  const Request request = get(search("chat+rooms"));
  const Citation citation = snapshot->cite(ask(*snapshot, request));
  EXPECT_EQ(citation.tier, "category");
  EXPECT_EQ(citation.rule, "term chat room*");
  EXPECT_EQ(citation.category, "chat");
  EXPECT_EQ(citation.source, "rules/local.yaml:3");
}

TEST(Term, IsAmongWhatWasConsideredWhateverItsTier) {
  const PolicySpec spec = school({block_term("bomb"), watch_term("bomb", "gambling"), watch_term("bomb", "weapons")});
  const auto snapshot = compiled(spec);
  const Request request = get(search("bomb"));
  std::vector<std::string> seen;
  for (const Citation& citation :
       snapshot->considered({.group = *snapshot->find_group("ks2")}, request, Stage::request, sunday_noon()))
    seen.push_back(std::string(citation.tier) + " " + std::string(citation.source) + " " +
                   std::string(citation.action));
  EXPECT_EQ(seen, (std::vector<std::string>{"local rules/local.yaml:1 block", "category rules/local.yaml:2 block",
                                            "category rules/local.yaml:3 allow"}));
}

TEST(Term, OfACategoryFollowsSchedules) {
  PolicySpec spec = school({watch_term("fruit machine*", "gambling")});
  ScheduleSpec noon;
  noon.days.fill(true);
  noon.from_minute = 11 * 60;
  noon.to_minute = 13 * 60;
  noon.categories.push_back({"gambling", Action::monitor, {}});
  spec.groups[1].schedules.push_back(noon);
  EXPECT_EQ(action_for(spec, search("fruit+machines")), Action::monitor);
}

TEST(Term, AnAllowedPhraseTakesItsWordsOutAndNoOthers) {
  const PolicySpec spec = school({block_term("bomb"), allow_term("bath bomb"), allow_term("bomb")});
  EXPECT_EQ(action_for(spec, search("bath+bomb+recipe")), Action::allow);
  EXPECT_EQ(action_for(spec, search("bath+bomb+or+real+bomb")), Action::block) << "the second is in no allowed phrase";
  EXPECT_EQ(action_for(spec, search("bomb")), Action::block) << "on a tie block wins";
  EXPECT_EQ(action_for(school({watch_term("bomb", "gambling"), allow_term("bath bomb")}), search("bath+bomb")),
            Action::allow);
}

TEST(Term, AnAllowedPhraseOpensNothing) {
  EXPECT_EQ(action_for(school({block_site("google.co.uk"), allow_term("maths")}), search("maths")), Action::block);
  EXPECT_EQ(action_for(school({allow_term("maths")}), search("maths"), "ks1"), Action::block);
  EXPECT_EQ(action_for(school({term(Effect::emergency, "craze"), allow_term("a craze b")}), search("a+craze+b")),
            Action::block);
}

TEST(Term, OfAnIllegalCategoryIsOfThatTierAndSealed) {
  const auto snapshot =
      compiled(school({term(Effect::block, "secret phrase", "child-abuse"), allow_term("the secret phrase x")}));
  const Request request = get(search("the+secret+phrase+x"));
  const Verdict verdict = ask(*snapshot, request, "staff");
  EXPECT_EQ(verdict.reason.tier, Tier::illegal);
  EXPECT_EQ(verdict.action, Action::block);
  EXPECT_TRUE(verdict.reason.entry.empty());
  EXPECT_EQ(snapshot->cite(verdict).rule, "block term sealed");
}

TEST(Term, IsNoMatterWhenOnlyTheNameIsKnown) {
  const auto snapshot = compiled(school({block_term("google")}));
  const Request request = connect("www.google.co.uk");
  EXPECT_EQ(ask(*snapshot, request).action, Action::allow);
}

TEST(Term, IsReadOffTheWireWhereThatSaysMore) {
  const auto snapshot = compiled(school({block_term("how to make a bomb")}));
  const std::string target = "/search?q=x%26a%3Dhow+to+make+a+bomb";
  auto url = *names::Url::parse("https://www.google.com" + target);
  const Request request = Request::of_url(url, "GET", target);
  EXPECT_EQ(ask(*snapshot, request).action, Action::block) << "an escaped '&' ends no value";
}

TEST(Term, IsFoundInASearchThroughATranslator) {
  EXPECT_EQ(action_for(school({block_term("bomb")}), "https://www-google-com.translate.goog/search?q=bomb"),
            Action::block);
}

TEST(Term, ThatIsNoPhraseIsRefusedWithItsLine) {
  Problems warnings;
  PolicySpec spec = school({block_term("?!"), watch_term("childline", "support"), watch_term("x", "nonsense")});
  const auto result = PolicySnapshot::compile(spec, blocklists::CategoryDb::empty(), sunday_noon(), warnings);
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().size(), 3u);
  EXPECT_TRUE(result.error()[0].text().contains("rules/local.yaml:1:5: '?!' is not a phrase: no word in it"))
      << result.error()[0].text();
}

TEST(Term, ForAGroupWhoseSearchesAreNotReadIsWarnedOf) {
  PolicySpec spec = school({block_term("bomb", {"staff"})});
  spec.inspection = InspectionMode::selective;
  Problems warnings;
  ASSERT_TRUE(PolicySnapshot::compile(spec, blocklists::CategoryDb::empty(), sunday_noon(), warnings));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(warnings[0].text().contains("sees no search of group 'staff'")) << warnings[0].text();
  spec.groups[2].search_terms = true;
  warnings.clear();
  ASSERT_TRUE(PolicySnapshot::compile(spec, blocklists::CategoryDb::empty(), sunday_noon(), warnings));
  EXPECT_TRUE(warnings.empty());
}

}  // namespace
}  // namespace schoolgate::rules
