#include "rules/judge.h"

#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

TEST(Site, CoversItselfAndEverythingUnderIt) {
  const PolicySpec spec = school({block_site("lucky-spins.example")});
  EXPECT_EQ(action_for(spec, "https://lucky-spins.example/"), Action::block);
  EXPECT_EQ(action_for(spec, "http://www.lucky-spins.example:8080/x?y"), Action::block);
  EXPECT_EQ(action_for(spec, "https://unlucky-spins.example/"), Action::allow);
  EXPECT_EQ(action_for(spec, "https://example/"), Action::allow);
}

TEST(Site, IsTheSameHoweverTheNameIsSpelled) {
  const PolicySpec spec =
      school({block_site("Lucky-Spins.EXAMPLE."), block_site("192.0.2.7"), block_site("bücher.example")});
  for (const char* url : {"http://LUCKY-spins.example./", "http://lucky%2dspins.example/", "http://0xC0000207/",
                          "http://xn--bcher-kva.example/"})
    EXPECT_EQ(action_for(spec, url), Action::block) << url;
}

TEST(Site, AnAddressHasNoParents) {
  EXPECT_EQ(action_for(school({block_site("7.example"), block_site("192.0.2.7")}), "http://192.0.2.8/"), Action::allow);
  const PolicySpec spec = school({block_site("192.0.2.7")});
  EXPECT_EQ(action_for(spec, "http://192.0.2.7:81/x"), Action::block);
}

TEST(Url, CoversItsPathAndBelowOnASegmentBoundary) {
  const PolicySpec spec = school({block_url("forum.example/casino/")});
  for (const char* url :
       {"https://forum.example/casino/x", "https://forum.example/casino/", "https://forum.example/casino",
        "http://forum.example:8080/casino?q", "https://forum.example/a/../casino/b"})
    EXPECT_EQ(action_for(spec, url), Action::block) << url;
  for (const char* url :
       {"https://forum.example/maths", "https://forum.example/casinos", "https://forum.example/x/casino/",
        "https://www.forum.example/casino/", "https://forum.example/"})
    EXPECT_EQ(action_for(spec, url), Action::allow) << url;
}

TEST(Url, WithAQueryNeedsThatQuery) {
  const PolicySpec spec = school({block_url("video.example/watch?v=7")});
  EXPECT_EQ(action_for(spec, "https://video.example/watch?v=7"), Action::block);
  EXPECT_EQ(action_for(spec, "https://video.example/watch?v=77"), Action::allow);
  EXPECT_EQ(action_for(spec, "https://video.example/watch?v=7&t=1"), Action::block);
  EXPECT_EQ(action_for(spec, "https://video.example/watch"), Action::allow);
}

TEST(Url, WithAPortNeedsThatPort) {
  const PolicySpec spec = school({block_url("forum.example:8443/casino")});
  EXPECT_EQ(action_for(spec, "https://forum.example:8443/casino"), Action::block);
  EXPECT_EQ(action_for(spec, "https://forum.example/casino"), Action::allow);
}

TEST(Pattern, IsSearchedInTheCanonicalUrl) {
  const PolicySpec spec = school({block_pattern("(?i)free[-_]?spins")});
  EXPECT_EQ(action_for(spec, "https://a.example/x/Free%2DSpins"), Action::block);
  EXPECT_EQ(action_for(spec, "https://freespins.example/"), Action::block);
  EXPECT_EQ(action_for(spec, "https://a.example/free-spin"), Action::allow);
}

TEST(Specificity, MoreSpecificRuleWins) {
  const PolicySpec spec = school({block_pattern("example"), allow_site("b.example"), block_site("a.b.example"),
                                  allow_url("a.b.example/x"), block_url("a.b.example/x/y")});
  EXPECT_EQ(action_for(spec, "https://z.example/"), Action::block);
  EXPECT_EQ(action_for(spec, "https://b.example/"), Action::allow);
  EXPECT_EQ(action_for(spec, "https://c.b.example/"), Action::allow);
  EXPECT_EQ(action_for(spec, "https://a.b.example/"), Action::block);
  EXPECT_EQ(action_for(spec, "https://z.a.b.example/"), Action::block);
  EXPECT_EQ(action_for(spec, "https://a.b.example/x/1"), Action::allow);
  EXPECT_EQ(action_for(spec, "https://a.b.example/x/y/1"), Action::block);
}

TEST(Specificity, OnATieBlockWinsInEitherOrder) {
  EXPECT_EQ(action_for(school({block_site("a.example"), allow_site("a.example", {"ks2"})}), "http://a.example/"),
            Action::block);
  EXPECT_EQ(action_for(school({allow_url("a.example/x"), block_url("a.example/x/")}), "http://a.example/x"),
            Action::block);
  EXPECT_EQ(action_for(school({allow_pattern("^http://a"), block_pattern("^http://a\\.")}), "http://a.example/"),
            Action::block);
}

TEST(Rule, IsForItsGroupsOnly) {
  const PolicySpec spec = school({block_site("a.example", "games", {"staff"}), allow_site("b.example", {"ks1"})});
  EXPECT_EQ(action_for(spec, "http://a.example/", "staff"), Action::block);
  EXPECT_EQ(action_for(spec, "http://a.example/", "ks2"), Action::allow);
  EXPECT_EQ(action_for(spec, "http://b.example/", "ks1"), Action::allow);
  EXPECT_EQ(action_for(spec, "http://c.example/", "ks1"), Action::block);
}

TEST(Rule, AppliesThroughItsLastDayInTheSitesTime) {
  PolicySpec spec = school({block_site("a.example")});
  spec.rules[0].until = std::chrono::year(2027) / 6 / 18;  // summer: midnight in London is 23:00 UTC
  EXPECT_EQ(action_for(spec, "http://a.example/", "ks2", *from_rfc3339("2027-06-18T22:59:59Z")), Action::block);
  EXPECT_EQ(action_for(spec, "http://a.example/", "ks2", *from_rfc3339("2027-06-18T23:00:00Z")), Action::allow);
}

TEST(Emergency, BlocksEveryGroupAndOutranksTheMostSpecificAllow) {
  const PolicySpec spec = school({emergency_site("a.example"), allow_url("a.example/lesson", {"staff"})});
  for (const char* group : {"ks1", "ks2", "staff"})
    EXPECT_EQ(action_for(spec, "http://a.example/lesson", group), Action::block);
}

TEST(Support, IsOpenWhateverTheSchoolSays) {
  const PolicySpec spec = school({block_site("childline.org.uk", "chat"), block_pattern("childline", "chat")});
  const auto snapshot = compiled(spec);
  const Request request = get("https://www.childline.org.uk/get-support/");
  const Verdict verdict = ask(*snapshot, request, "ks1");
  EXPECT_EQ(verdict.action, Action::allow);
  EXPECT_EQ(verdict.reason.tier, Tier::support);
  EXPECT_EQ(snapshot->cite(verdict).category, "support");
  EXPECT_EQ(action_for(spec, "https://childline.org.uk.evil.example/"), Action::block);
}

TEST(Support, DoesNotOutrankAnEmergencyOrIllegalContent) {
  EXPECT_EQ(action_for(school({emergency_site("childline.org.uk")}), "https://childline.org.uk/"), Action::block);
  EXPECT_EQ(action_for(school({block_url("childline.org.uk/x", "terrorism")}), "https://childline.org.uk/x"),
            Action::block);
}

TEST(Illegal, NothingOutranksIt) {
  const TestLists lists({{"sealed-urls", "child-abuse", blocklists::Format::urls, "files.example/bad\n", true},
                         {"helpers", "support", blocklists::Format::domains, "files.example\n"}});
  const PolicySpec spec = school({allow_url("files.example/bad/thing.jpg"), allow_site("files.example")});
  const auto snapshot = compiled(spec, lists.database());
  const Request bad = get("https://files.example/bad/thing.jpg");
  for (const char* group : {"ks1", "ks2", "staff"}) {
    const Verdict verdict = ask(*snapshot, bad, group);
    EXPECT_EQ(verdict.action, Action::block);
    EXPECT_EQ(verdict.reason.tier, Tier::illegal);
    EXPECT_TRUE(verdict.reason.entry.empty());
  }
  const Request other = get("https://files.example/other");
  EXPECT_EQ(ask(*snapshot, other).action, Action::allow);
}

TEST(Illegal, AnOwnRuleOfAnIllegalCategoryIsOfThatTier) {
  const auto snapshot = compiled(school({block_url("a.example/x", "child-abuse"), allow_url("a.example/x/y/z")}));
  const Request request = get("http://a.example/x/y/z");
  const Verdict verdict = ask(*snapshot, request, "staff");
  EXPECT_EQ(verdict.reason.tier, Tier::illegal);
  EXPECT_EQ(verdict.action, Action::block);
}

class Categories : public ::testing::Test {
 protected:
  TestLists lists_{{{"gambling-list", "gambling", blocklists::Format::domains, "a.example\nboth.example\n"},
                    {"games-list", "games", blocklists::Format::domains, "g.example\nboth.example\n"},
                    {"chat-list", "chat", blocklists::Format::domains, "c.example\n"},
                    {"social-list", "social-media", blocklists::Format::domains, "s.example\n"}}};

  Verdict ask_for(const PolicySpec& spec, std::string_view url, std::string_view group = "ks2",
                  TimePoint now = sunday_noon()) {
    snapshot_ = compiled(spec, lists_.database());
    request_.emplace(get(url));
    return ask(*snapshot_, *request_, group, now);
  }
  std::shared_ptr<const PolicySnapshot> snapshot_;
  std::optional<Request> request_;
};

TEST_F(Categories, TheGroupsActionHolds) {
  EXPECT_EQ(ask_for(school(), "http://www.a.example/").action, Action::block);
  EXPECT_EQ(ask_for(school(), "http://g.example/").action, Action::warn);
  EXPECT_EQ(ask_for(school(), "http://c.example/").action, Action::monitor);
  EXPECT_EQ(ask_for(school(), "http://g.example/", "staff").action, Action::allow);
}

TEST_F(Categories, TheStrictestOfAllThatMatchDecides) {
  const Verdict verdict = ask_for(school(), "http://both.example/");
  EXPECT_EQ(verdict.action, Action::block);
  EXPECT_EQ(snapshot_->cite(verdict).category, "gambling");
  EXPECT_EQ(snapshot_->cite(verdict).list, "gambling-list");
  EXPECT_EQ(snapshot_->cite(verdict).entry, "both.example");
}

TEST_F(Categories, ACategoryThatTheGroupDoesNotNameIsAllowed) {
  const Verdict verdict = ask_for(school(), "http://s.example/");
  EXPECT_EQ(verdict.action, Action::allow);
  EXPECT_EQ(verdict.reason.tier, Tier::category);
}

TEST_F(Categories, WhereOnlyNamedSitesAreOpenBeingInAListIsNoPermission) {
  const Verdict verdict = ask_for(school(), "http://a.example/", "ks1");
  EXPECT_EQ(verdict.action, Action::block);
  EXPECT_EQ(verdict.reason.tier, Tier::unlisted);
}

TEST_F(Categories, AnOwnAllowOpensAListedSiteAndAnOwnBlockCloses) {
  EXPECT_EQ(ask_for(school({allow_site("a.example", {"ks2"})}), "http://a.example/").action, Action::allow);
  EXPECT_EQ(ask_for(school({block_site("s.example", "social-media")}), "http://s.example/").action, Action::block);
}

TEST_F(Categories, AScheduleReplacesTheActionWhileItIsOpen) {
  PolicySpec spec = school();
  ScheduleSpec lunch;
  lunch.days = {true, true, true, true, true, false, false};
  lunch.from_minute = 12 * 60 + 15;
  lunch.to_minute = 13 * 60 + 15;
  lunch.categories.push_back({"social-media", Action::allow, {}});
  spec.groups[2].schedules.push_back(lunch);
  const auto at = [&](const char* time) {
    return ask_for(spec, "http://s.example/", "staff", *from_rfc3339(time)).action;
  };
  EXPECT_EQ(at("2026-11-24T12:14:59Z"), Action::block);
  EXPECT_EQ(at("2026-11-24T12:15:00Z"), Action::allow);
  EXPECT_EQ(at("2026-11-24T13:15:00Z"), Action::block);
  EXPECT_EQ(at("2026-11-22T12:30:00Z"), Action::block) << "Sunday";
  EXPECT_EQ(at("2026-06-23T11:30:00Z"), Action::allow) << "12:30 by the summer clock";
  EXPECT_EQ(at("2026-06-23T12:30:00Z"), Action::block);
}

TEST_F(Categories, AScheduleMayCloseEverythingElse) {
  PolicySpec spec = school();
  ScheduleSpec night;
  night.days.fill(true);
  night.from_minute = 20 * 60;
  night.to_minute = 7 * 60;
  night.unlisted = Action::block;
  spec.groups[1].schedules.push_back(night);
  EXPECT_EQ(ask_for(spec, "http://other.example/", "ks2", *from_rfc3339("2026-11-24T02:00:00Z")).action, Action::block);
  EXPECT_EQ(ask_for(spec, "http://other.example/", "ks2", *from_rfc3339("2026-11-24T12:00:00Z")).action, Action::allow);
}

TEST(NameOnly, UrlRulesAreNotGuessed) {
  const PolicySpec spec = school({block_url("forum.example/casino/"), block_url("whole.example/")});
  const auto snapshot = compiled(spec);
  const Request forum = connect("forum.example"), whole = connect("whole.example");
  EXPECT_EQ(ask(*snapshot, forum).action, Action::allow);
  EXPECT_EQ(ask(*snapshot, whole).action, Action::block) << "a URL rule for / needs no path";
}

TEST(NameOnly, PatternsCountWhenTheNameDecidesThem) {
  const auto snapshot =
      compiled(school({block_pattern("(?i)free[-_]?spins"), block_pattern("^https?://home\\.example/$")}));
  const Request spins = connect("freespins.example"), home = connect("home.example");
  EXPECT_EQ(ask(*snapshot, spins).action, Action::block);
  EXPECT_EQ(ask(*snapshot, home).action, Action::allow) << "only the home page is meant";
  const Request page = get("https://home.example/");
  EXPECT_EQ(ask(*snapshot, page).action, Action::block);
}

TEST(NameOnly, AnAllowForAHomePageOpensNoTunnel) {
  const auto snapshot = compiled(school({allow_pattern("^https://home\\.example/$")}));
  const Request home = connect("home.example");
  EXPECT_EQ(ask(*snapshot, home, "ks1").action, Action::block);
}

class InspectionOfSites : public ::testing::Test {
 protected:
  static bool inspects(PolicySpec spec, std::string_view host, std::string_view group = "ks2",
                       std::shared_ptr<const blocklists::CategoryDb> lists = nullptr,
                       InspectionMode mode = InspectionMode::selective) {
    spec.inspection = mode;
    const auto snapshot = compiled(spec, std::move(lists));
    const Request request = connect(host);
    return ask(*snapshot, request, group).inspect;
  }
};

TEST_F(InspectionOfSites, IsOffWhenOff) {
  EXPECT_FALSE(
      inspects(school({block_url("forum.example/casino")}), "forum.example", "ks2", nullptr, InspectionMode::off));
}

TEST_F(InspectionOfSites, SelectiveMeansOnlyWhereAPathCouldChangeTheAnswer) {
  const PolicySpec spec =
      school({block_url("forum.example/casino"), block_site("closed.example"), block_url("closed.example/x")});
  EXPECT_TRUE(inspects(spec, "forum.example"));
  EXPECT_FALSE(inspects(spec, "www.forum.example"));
  EXPECT_FALSE(inspects(spec, "other.example"));
  EXPECT_FALSE(inspects(spec, "closed.example")) << "blocked either way";
}

TEST_F(InspectionOfSites, ARuleForOthersOrForAnAllowedPlaceChangesNothing) {
  EXPECT_FALSE(inspects(school({block_url("forum.example/casino", "gambling", {"staff"})}), "forum.example"));
  EXPECT_FALSE(inspects(school({allow_url("forum.example/maths")}), "forum.example"));
}

TEST_F(InspectionOfSites, ABlockedHostWithAnAllowedPartMayBeAskedAgain) {
  const PolicySpec spec = school({allow_url("bbc.example/bitesize")});
  EXPECT_TRUE(inspects(spec, "bbc.example", "ks1"));
  EXPECT_FALSE(inspects(spec, "other.example", "ks1"));
}

TEST_F(InspectionOfSites, APatternReachesEveryHostUnlessItNamesOne) {
  EXPECT_TRUE(inspects(school({block_pattern("(?i)free[-_]?spins")}), "any.example"));
  EXPECT_FALSE(inspects(school({block_pattern("^https?://forum\\.example/.*spins")}), "any.example"));
  EXPECT_TRUE(inspects(school({block_pattern("^https?://forum\\.example/.*spins")}), "forum.example"));
  EXPECT_FALSE(inspects(school({block_pattern("(?i)free[-_]?spins"), allow_site("any.example")}), "any.example"))
      << "a site rule outranks every pattern";
}

TEST_F(InspectionOfSites, EmergencyAndIllegalRulesReachAllowedSites) {
  PolicySpec spec = school({allow_site("any.example"), emergency_site("x.example")});
  spec.rules[1].kind = RuleSpec::Kind::url;
  spec.rules[1].text = "any.example/now";
  EXPECT_TRUE(inspects(spec, "any.example"));
}

TEST_F(InspectionOfSites, AlwaysMeansAllThatPassesAndNeverMeansNever) {
  PolicySpec spec = school({block_site("closed.example")});
  EXPECT_TRUE(inspects(spec, "any.example", "ks2", nullptr, InspectionMode::always));
  EXPECT_FALSE(inspects(spec, "closed.example", "ks2", nullptr, InspectionMode::always));
  spec.never_inspect = {"bank.example"};
  EXPECT_FALSE(inspects(spec, "www.bank.example", "ks2", nullptr, InspectionMode::always));
  EXPECT_FALSE(inspects(spec, "childline.org.uk", "ks2", nullptr, InspectionMode::always));
}

TEST_F(InspectionOfSites, FollowsCategoriesAndUrlEntriesOfLists) {
  const TestLists lists({{"chat-list", "chat", blocklists::Format::domains, "c.example\n"},
                         {"pages", "gambling", blocklists::Format::urls, "mixed.example/casino\n"}});
  PolicySpec spec = school({allow_site("mixed2.example")});
  EXPECT_TRUE(inspects(spec, "mixed.example", "ks2", lists.database()));
  EXPECT_FALSE(inspects(spec, "c.example", "ks2", lists.database()));
  spec.groups[1].inspect = {"chat"};
  EXPECT_TRUE(inspects(spec, "c.example", "ks2", lists.database()));
  spec.never_inspect = {"chat"};
  EXPECT_FALSE(inspects(spec, "c.example", "ks2", lists.database()));
}

TEST_F(InspectionOfSites, IsNoMatterOnceTheRequestIsSeen) {
  PolicySpec spec = school({block_url("forum.example/casino")});
  spec.inspection = InspectionMode::always;
  const auto snapshot = compiled(spec);
  const Request request = get("https://forum.example/maths");
  EXPECT_FALSE(ask(*snapshot, request).inspect);
}

TEST(Judge, WhatCannotBeAnsweredIsBlockedAndTheReasonSaysSo) {
  // More lists than a lookup can report: one that it leaves out might be an illegal one.
  std::vector<TestList> many;
  for (std::size_t i = 0; i <= blocklists::Matches::kCapacity; ++i)
    many.push_back({"list" + std::to_string(i), "games", blocklists::Format::domains, "a.example\nchildline.org.uk\n"});
  const TestLists lists(many);
  const auto snapshot = compiled(school({allow_site("a.example"), emergency_site("x.a.example")}), lists.database());
  for (const char* url : {"http://a.example/", "https://www.childline.org.uk/"}) {
    const Request request = get(url);
    const Verdict verdict = ask(*snapshot, request, "staff");
    EXPECT_EQ(verdict.action, Action::block) << url;
    EXPECT_TRUE(verdict.reason.undecided) << url;
  }
  const Request emergency = get("http://x.a.example/");
  EXPECT_EQ(ask(*snapshot, emergency).reason.tier, Tier::emergency) << "a sure answer that is as strict stands";
  const Request other = get("http://b.example/");
  EXPECT_EQ(ask(*snapshot, other, "staff").action, Action::allow);
}

TEST(Judge, ASubjectOfAnotherSnapshotIsInTheFallback) {
  const auto snapshot = compiled(school({block_site("a.example", "games", {"ks2"})}));
  const Request request = get("http://a.example/");
  EXPECT_EQ(snapshot->decide({.group = 999}, request, Stage::request, sunday_noon()).action, Action::block);
}

TEST(Judge, AVeryDeepPathIsAnswered) {
  std::string url = "http://forum.example";
  for (int i = 0; i < 20'000; ++i) url += "/a";
  EXPECT_EQ(action_for(school({block_url("forum.example/a/a/a")}), url), Action::block);
}

TEST(Considered, OfOneListTheLongerEntryComesFirst) {
  const TestLists lists({{"bets", "gambling", blocklists::Format::expressions, "casino\nonline.casino\n"}});
  const auto snapshot = compiled(school(), lists.database());
  const Request request = get("http://a.example/online-casino");
  std::vector<std::string> entries;
  for (const Citation& citation :
       snapshot->considered({.group = *snapshot->find_group("ks2")}, request, Stage::request, sunday_noon()))
    entries.push_back(citation.entry);
  EXPECT_EQ(entries, (std::vector<std::string>{"(?i)online.casino", "(?i)casino"}));
}

}  // namespace
}  // namespace schoolgate::rules
