// How the judge treats an address inside an address: hard cases URL-20 to URL-22, BYP-13, BYP-14.
#include "rules/judge.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

TEST(Inside, AWrapperIsJudgedByWhatItShows) {
  const PolicySpec spec = school({block_site("bad.example"), block_url("forum.example/casino/")});
  for (const char* url :
       {"https://web.archive.org/web/2024/https://www.bad.example/x", "https://bad-example.translate.goog/",
        "https://www.google.com/amp/s/bad.example/x", "https://r.jina.ai/http://forum.example/casino/1",
        "https://docs.google.com/gview?url=https%3A%2F%2Fbad.example%2Fx",
        "http://any.example/browse.php?u=http://bad.example/", "https://any.example/~/sj/1/https%3A%2F%2Fbad.example",
        "https://r.jina.ai/https://12ft.io/https://bad.example/"})
    EXPECT_EQ(action_for(spec, url), Action::block) << url;
  for (const char* url :
       {"https://web.archive.org/web/2024/https://good.example/", "https://good-example.translate.goog/",
        "https://r.jina.ai/http://forum.example/maths", "https://web.archive.org/"})
    EXPECT_EQ(action_for(spec, url), Action::allow) << url;
}

TEST(Inside, ABlockedNameThatIsOnlyMentionedBlocksNothing) {
  const PolicySpec spec = school({block_site("bad.example"), emergency_site("craze.example")});
  for (const char* url :
       {"https://www.facebook.com/sharer.php?u=https%3A%2F%2Fbad.example%2F",
        "https://login.example/oauth?redirect_uri=https://bad.example/cb",
        "https://stats.example/collect?dl=https%3A%2F%2Fcraze.example%2F", "https://a.example/?ref=bad.example"})
    EXPECT_EQ(action_for(spec, url), Action::allow) << url;
}

TEST(Inside, IllegalContentCountsWhereverItIsMentioned) {
  const TestLists lists({{"iwf", "child-abuse", blocklists::Format::urls, "files.example/secret\n", true}});
  const auto snapshot = compiled(school({allow_site("a.example")}), lists.database());
  const Request request = get("https://a.example/?u=https%3A%2F%2Ffiles.example%2Fsecret");
  const Verdict verdict = ask(*snapshot, request);
  EXPECT_EQ(verdict.action, Action::block);
  EXPECT_EQ(verdict.reason.tier, Tier::illegal);
  EXPECT_TRUE(verdict.reason.nested);
  EXPECT_TRUE(snapshot->cite(verdict).sealed);
  const Request report = get("https://report.iwf.org.uk/?u=https://files.example/secret");
  EXPECT_EQ(ask(*snapshot, report).action, Action::allow) << "a report names what it is about";
}

TEST(Inside, AListedWayAroundIsJudgedByEverythingItMentions) {
  const TestLists lists({{"proxies", "bypass", blocklists::Format::domains, "webproxy.example\n"}});
  const auto snapshot = compiled(school({block_site("bad.example")}), lists.database());
  const Request bad = get("https://webproxy.example/go?target=https://bad.example/"),
                good = get("https://webproxy.example/go?target=https://good.example/");
  EXPECT_EQ(ask(*snapshot, bad).action, Action::block);
  EXPECT_EQ(ask(*snapshot, good).action, Action::allow) << "the group does not block the category itself";
}

TEST(Inside, TheReasonSaysSoAndNamesTheInnerEntry) {
  const TestLists lists({{"bets", "gambling", blocklists::Format::domains, "bet.example\n"}});
  const auto snapshot = compiled(school(), lists.database());
  const Request request = get("https://web.archive.org/web/2024/https://www.bet.example/x");
  const Verdict verdict = ask(*snapshot, request);
  EXPECT_EQ(verdict.action, Action::block);
  EXPECT_TRUE(verdict.reason.nested);
  const Citation citation = snapshot->cite(verdict);
  EXPECT_TRUE(citation.nested);
  EXPECT_EQ(citation.list, "bets");
  EXPECT_EQ(citation.entry, "bet.example");
  const auto considered = snapshot->considered({.group = 1}, request, Stage::request, sunday_noon());
  ASSERT_FALSE(considered.empty());
  EXPECT_EQ(considered[0].entry, "bet.example");
  EXPECT_TRUE(considered[0].nested);
}

TEST(Inside, TheStrictestOfAllDecides) {
  const TestLists lists({{"chats", "chat", blocklists::Format::domains, "chat.example\n"},
                         {"games", "games", blocklists::Format::domains, "game.example\n"}});
  const auto snapshot = compiled(school(), lists.database());
  const Request monitor = get("https://r.jina.ai/https://chat.example/"),
                warn = get("https://chat.example/https://game.example/");
  EXPECT_EQ(ask(*snapshot, monitor).action, Action::monitor);
  EXPECT_EQ(ask(*snapshot, warn).action, Action::warn);
}

TEST(Inside, AnAllowedWrapperDoesNotOpenWhatIsBlockedInside) {
  const PolicySpec spec =
      school({block_site("bad.example"), allow_site("web.archive.org"), allow_url("web.archive.org/web")});
  EXPECT_EQ(action_for(spec, "https://web.archive.org/web/2024/https://bad.example/"), Action::block);
  EXPECT_EQ(action_for(spec, "https://web.archive.org/web/2024/https://good.example/", "ks1"), Action::block)
      << "where only named sites are open, an archive of all others is not";
  EXPECT_EQ(action_for(spec, "https://web.archive.org/about/", "ks1"), Action::allow);
}

TEST(Inside, ARuleThatNamesTheInnerAddressToOpensIt) {
  const PolicySpec spec =
      school({block_site("bad.example"), allow_url("web.archive.org/web/2019/https://bad.example/history"),
              emergency_site("craze.example")});
  EXPECT_EQ(action_for(spec, "https://web.archive.org/web/2019/https://bad.example/history/1"), Action::allow);
  EXPECT_EQ(action_for(spec, "https://web.archive.org/web/2019/https://bad.example/other"), Action::block);
  EXPECT_EQ(action_for(spec,
                       "https://web.archive.org/web/2019/https://bad.example/history?x=https://web.archive.org/web/1/"
                       "https://craze.example"),
            Action::block)
      << "but no emergency block";
}

TEST(Inside, AnAllowOfTheInnerSiteDoesNotOpenTheOuter) {
  EXPECT_EQ(
      action_for(school({allow_site("good.example")}), "https://web.archive.org/web/2024/https://good.example/", "ks1"),
      Action::block);
  EXPECT_EQ(action_for(school({allow_site("good.example"), allow_site("web.archive.org")}),
                       "https://web.archive.org/web/2024/https://good.example/", "ks1"),
            Action::allow)
      << "both are open";
}

TEST(Inside, AWrapperThatHoldsMoreThanIsReadIsBlocked) {
  std::string url = "https://r.jina.ai/https://good.example/";
  for (int i = 0; i < 20; ++i) url += "https://good" + std::to_string(i) + ".example/";
  const auto snapshot = compiled(school());
  const Request request = get(url);
  const Verdict verdict = ask(*snapshot, request);
  EXPECT_EQ(verdict.action, Action::block);
  EXPECT_TRUE(verdict.reason.undecided);
  std::string mention = "https://a.example/?x=1";
  for (int i = 0; i < 20; ++i) mention += "&u=https://good" + std::to_string(i) + ".example/";
  EXPECT_EQ(action_for(school(), mention), Action::allow) << "mentions are not fetched";
}

TEST(Inside, ATranslatedNameIsJudgedBeforeAnythingIsOpened) {
  PolicySpec spec = school({block_site("bad.example")});
  spec.inspection = InspectionMode::selective;
  const auto snapshot = compiled(spec);
  const Request bad = connect("www-bad-example.translate.goog"), good = connect("www-good-example.translate.goog");
  const Verdict refused = ask(*snapshot, bad);
  EXPECT_EQ(refused.action, Action::block);
  EXPECT_FALSE(refused.inspect);
  EXPECT_TRUE(refused.reason.nested);
  const Verdict open = ask(*snapshot, good);
  EXPECT_EQ(open.action, Action::allow);
  EXPECT_EQ(open.inspect_reason, InspectReason::wrapper);
}

TEST(Inside, AWrapperThatIsBlockedAnywayStaysBlockedForItsOwnReason) {
  std::string url = "https://r.jina.ai/https://good.example/";
  for (int i = 0; i < 20; ++i) url += "https://good" + std::to_string(i) + ".example/";
  const auto snapshot = compiled(school({block_site("r.jina.ai")}));
  const Request request = get(url);
  const Verdict verdict = ask(*snapshot, request);
  EXPECT_EQ(verdict.action, Action::block);
  EXPECT_FALSE(verdict.reason.undecided || verdict.reason.nested);
}

// More lists name the site than a lookup holds: what is missing could be the one that blocks.
TEST(Inside, WhatCannotBeAnsweredBlocksTheWholeAndByItselfToo) {
  std::vector<TestList> many;
  for (std::size_t i = 0; i <= blocklists::Matches::kCapacity; ++i)
    many.push_back({"list" + std::to_string(i), "chat", blocklists::Format::domains, "crowded.example\n"});
  const TestLists lists(many);
  const auto snapshot = compiled(school({emergency_site("urgent.crowded.example")}), lists.database());
  const Request itself = get("https://crowded.example/"),
                mentioned = get("https://a.example/?u=https://crowded.example/"),
                urgent = get("https://urgent.crowded.example/");
  for (const Request* request : {&itself, &mentioned}) {
    const Verdict verdict = ask(*snapshot, *request);
    EXPECT_EQ(verdict.action, Action::block);
    EXPECT_TRUE(verdict.reason.undecided);
    EXPECT_EQ(verdict.reason.nested, request == &mentioned);
  }
  EXPECT_FALSE(ask(*snapshot, urgent).reason.undecided) << "what ranks above it needs no answer";
}

TEST(Inside, ATranslatedNameThatIsNeverOpenedStaysSoWhenItIsBlocked) {
  PolicySpec spec = school({block_site("bad.example")});
  spec.inspection = InspectionMode::selective;
  spec.never_inspect = {"translate.goog"};
  const auto snapshot = compiled(spec);
  const Request bad = connect("www-bad-example.translate.goog");
  const Verdict refused = ask(*snapshot, bad);
  EXPECT_EQ(refused.action, Action::block);
  EXPECT_FALSE(refused.inspect);
  EXPECT_EQ(refused.inspect_reason, InspectReason::never_site);
}

TEST(Inside, WhyABlockedTranslationIsNotOpenedIsNotWhyItWouldHaveBeen) {
  PolicySpec spec = school({block_site("bad.example")});
  spec.inspection = InspectionMode::selective;
  const auto snapshot = compiled(spec);
  const Subject pupil{.group = *snapshot->find_group("ks2")};
  const Request bad = connect("www-bad-example.translate.goog"), good = connect("www-good-example.translate.goog");
  EXPECT_EQ(snapshot->why_inspect(pupil, bad, sunday_noon()).reason, InspectReason::none);
  EXPECT_EQ(snapshot->why_inspect(pupil, good, sunday_noon()).reason, InspectReason::wrapper);
}

}  // namespace
}  // namespace schoolgate::rules
