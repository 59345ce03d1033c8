#include "rules/own_rules.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "names/host.h"

namespace schoolgate::rules {
namespace {

class Fixture : public ::testing::Test {
 protected:
  void url(const char* text) { rules_.add_url({.kind = RuleSpec::Kind::url}, *names::Url::parse(text)); }
  void site(const char* text) { rules_.add_site({.kind = RuleSpec::Kind::site}, text); }
  void pattern(const char* text) { rules_.add_pattern({.kind = RuleSpec::Kind::pattern, .entry = text}); }

  std::vector<std::pair<std::uint32_t, Specificity>> found(const names::Url& asked) {
    EXPECT_FALSE(rules_.finish());
    std::vector<std::pair<std::uint32_t, Specificity>> all;
    rules_.for_each_site_or_url(
        asked, {}, [&](std::uint32_t index, Specificity closeness) { all.emplace_back(index, closeness); });
    EXPECT_TRUE(rules_.for_each_pattern(
        asked, [](const OwnRule&) { return true; },
        [&](std::uint32_t index) { all.emplace_back(index, Specificity{}); }));
    std::ranges::sort(all);
    return all;
  }
  OwnRules rules_;
};

using OwnRulesTest = Fixture;

TEST_F(OwnRulesTest, SayHowCloselyEachFits) {
  site("example");
  site("a.example");
  url("a.example/x");
  url("a.example/x/y?q=1");
  pattern("x/y");
  const auto all = found(*names::Url::parse("https://a.example/x/y?q=1"));
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(all[0].second, (Specificity{Specificity::parent_site, 7}));
  EXPECT_EQ(all[1].second, (Specificity{Specificity::exact_host, 9}));
  EXPECT_EQ(all[2].second, (Specificity{Specificity::url, 11}));
  EXPECT_EQ(all[3].second, (Specificity{Specificity::url, 14}));
  EXPECT_GT(all[3].second, all[2].second);
  EXPECT_GT(all[2].second, all[1].second);
  EXPECT_GT(all[1].second, all[0].second);
  EXPECT_GT(all[0].second, all[4].second);
}

TEST_F(OwnRulesTest, ManyRulesForOnePathAreAllFound) {
  for (int i = 0; i < 3; ++i) url("a.example/x/");
  EXPECT_EQ(found(*names::Url::parse("http://a.example/x")).size(), 3u);
}

TEST_F(OwnRulesTest, BeyondTheNameAreUrlsWithAPathOrQueryAndPatterns) {
  site("a.example");
  url("a.example/");
  url("a.example/?q=1");
  url("a.example/x");
  url("b.example/x");
  pattern("^https?://c\\.example/x");
  pattern("x");
  ASSERT_FALSE(rules_.finish());
  const auto beyond = [&](std::string_view host) {
    std::vector<std::uint32_t> all;
    const auto note = [&](std::uint32_t index) { return all.push_back(index), false; };
    EXPECT_FALSE(rules_.any_url_beyond_name(host, note));
    EXPECT_FALSE(rules_.any_pattern_beyond_name(host, note));
    return all;
  };
  EXPECT_EQ(beyond("a.example"), (std::vector<std::uint32_t>{2, 3, 6}));
  EXPECT_EQ(beyond("c.example"), (std::vector<std::uint32_t>{5, 6}));
  EXPECT_EQ(beyond("d.example"), (std::vector<std::uint32_t>{6}));
  EXPECT_TRUE(rules_.any_pattern_beyond_name("d.example", [](std::uint32_t) { return true; }));
}

TEST(LiteralHost, IsReadOnlyWhereItIsPlain) {
  EXPECT_EQ(literal_host_of("^https?://forum\\.example/casino"), "forum.example");
  EXPECT_EQ(literal_host_of("(?i)^http://forum\\.example/"), "forum.example");
  EXPECT_EQ(literal_host_of("^https?://forum\\.example:8443/casino"), "forum.example");
  EXPECT_EQ(literal_host_of("^https?://forum\\.example(:\\d+)?/casino"), "forum.example");
  EXPECT_EQ(literal_host_of("^https?://forum\\.example(:[0-9]+)?/casino"), "forum.example");
  EXPECT_EQ(literal_host_of("^https?://forum\\.example(:\\d+)?casino"), "");
  EXPECT_EQ(literal_host_of("^https?://forum\\.example:8?/casino"), "");
  EXPECT_EQ(literal_host_of("^https://a-1\\.b\\.example/.*"), "a-1.b.example");
  for (const char* pattern : {"forum\\.example/", "^https?://forum\\.example", "^https?://forum.example/",
                              "^https?://[a-z]+\\.example/", "^https?://a\\.example/|b", "^https?://a\\.example/?",
                              "^https?://a\\.example/*x", "^https?://(a|b)\\.example/", "^.*://a\\.example/", "", "^"})
    EXPECT_EQ(literal_host_of(pattern), "") << pattern;
}

TEST(LiteralHost, NeverNarrowsAPatternThatMatchesElsewhere) {
  const char* const hosts[] = {"a.example", "b.example", "a.example.b", "aa.example"};
  for (const char* pattern :
       {"^https?://a\\.example/", "^https://a\\.example/x?", "^https?://a\\.example(:\\d+)?/",
        "^https?://a\\.example:443/", "(?i)^http://b\\.example/", "^https?://a\\.example/{0,1}"}) {
    const std::string only = literal_host_of(pattern);
    PatternSet set;
    ASSERT_FALSE(set.build({pattern}));
    for (const char* host : hosts)
      for (const char* scheme : {"http://", "https://"})
        if (set.search(0, std::string(scheme) + host + "/x") == PatternSet::Answer::yes && !only.empty())
          EXPECT_EQ(only, host) << pattern;
  }
}

}  // namespace
}  // namespace schoolgate::rules
