#include "rules/query_parameters.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using namespace test;

// The ways around a rule for "v=7", and what only looks like one: {query, for what closes, for what opens, exact}.
TEST(QueryParameters, CountInAnyOrderAndSpelling) {
  struct Row {
    const char *rule, *asked;
    bool closes, opens, exact;
  };
  for (const Row& row : {Row{"v=7", "v=7", true, true, true},
                         Row{"v=7", "t=1s&v=7", true, true, false},
                         Row{"v=7", "v=7&t=1s", true, true, false},
                         Row{"v=7", "&&v=7&", true, true, true},
                         Row{"v=7", "%76=%37", true, true, true},
                         Row{"v=7", "v=77", false, false, false},
                         Row{"v=7", "av=7", false, false, false},
                         Row{"v=7", "v=8&v=7", true, false, false},
                         Row{"v=7", "v=7&v=8", true, false, false},
                         Row{"v=7", "v=7&v=7", true, true, true},
                         Row{"v=7", "V=7", false, false, false},
                         Row{"v=7", "x=v=7", false, false, false},
                         Row{"v=7", "", false, false, false},
                         Row{"k", "k=", true, true, true},
                         Row{"k=", "k", true, true, true},
                         Row{"q=a+b", "q=a%20b", true, true, true},
                         Row{"q=a%2Bb", "q=a+b", false, false, false},
                         Row{"a=1&b=2", "b=2&a=1", true, true, true},
                         Row{"a=1&b=2", "b=2&c=3&a=1", true, true, false},
                         Row{"a=1&b=2", "a=1", false, false, false},
                         Row{"v=%", "v=%", true, true, true},
                         Row{"v=%4", "v=%4", true, true, true},
                         Row{"q=maths", "x=1;q=porn&q=maths", true, false, false},
                         Row{"q=maths", "+q=porn&q=maths", true, false, false},
                         Row{"q=maths", "q[]=porn&q=maths", true, false, false},
                         Row{"q=maths", "q%5b0%5d=porn&q=maths", true, false, false},
                         Row{"q=maths", "Q=porn&q=maths", true, false, false},
                         Row{"a_b=1", "a.b=2&a_b=1", true, false, false},
                         Row{"q=maths", "quiet=1&q=maths", true, true, false}}) {
    const std::string asked = std::string(row.rule) + " asked as " + row.asked;
    EXPECT_EQ(covers_query(row.rule, row.asked, QueryRule::has), row.closes) << asked;
    EXPECT_EQ(covers_query(row.rule, row.asked, QueryRule::has_only_so), row.opens) << asked;
    EXPECT_EQ(covers_query(row.rule, row.asked, QueryRule::exact), row.exact) << asked;
  }
}

TEST(QueryParameters, ARuleForAVideoHoldsHoweverItsAddressIsWritten) {
  const PolicySpec blocked = school({block_url("video.example/watch?v=7")});
  for (const char* way : {"watch?v=7", "watch?v=7&t=1s", "watch?t=1s&v=7", "watch/?list=a&%76=7", "watch?v=1&v=7"})
    EXPECT_EQ(action_for(blocked, std::string("https://video.example/") + way), Action::block) << way;
  for (const char* other : {"watch?v=77", "watch", "watch?list=7"})
    EXPECT_EQ(action_for(blocked, std::string("https://video.example/") + other), Action::allow) << other;

  const PolicySpec opened = school({allow_url("video.example/watch?v=7")});
  EXPECT_EQ(action_for(opened, "https://video.example/watch?v=7&t=1s", "ks1"), Action::allow);
  EXPECT_EQ(action_for(opened, "https://video.example/watch?v=7&v=8", "ks1"), Action::block)
      << "the site may show either";
  EXPECT_EQ(action_for(opened, "https://video.example/watch?v=8", "ks1"), Action::block);
}

/// As a client asks: with the bytes of its request line.
Request asked(std::string_view target) {
  return Request::of_url(*names::Url::parse("https://site.example" + std::string(target)), "GET", target);
}

TEST(QueryParameters, WhatIsNoSeparatorForTheSiteOpensNothing) {
  const auto snapshot =
      compiled(school({allow_url("site.example/find?q=maths"), allow_url("site.example/two?q=a%26b")}));
  const auto action = [&](std::string_view target) { return ask(*snapshot, asked(target), "ks1").action; };
  EXPECT_EQ(action("/find?q=maths"), Action::allow);
  EXPECT_EQ(action("/find?q=maths&t=1"), Action::allow);
  EXPECT_EQ(action("/find?q=maths%26porn"), Action::block) << "the site is asked for \"maths&porn\"";
  EXPECT_EQ(action("/find?x=1%26q=maths"), Action::block);
  EXPECT_EQ(action("/find?q%3Dmaths"), Action::block);
  EXPECT_EQ(action("/two?q=a%26b"), Action::allow);
  EXPECT_EQ(action("/two?q=a&b"), Action::block);
}

TEST(QueryParameters, AnAllowedParameterBesideABlockedOneOpensNothing) {
  const PolicySpec spec =
      school({block_url("video.example/watch?v=BAD"), allow_url("video.example/watch?list=PLAPPROVEDLONGLONG")});
  EXPECT_EQ(action_for(spec, "https://video.example/watch?v=BAD"), Action::block);
  EXPECT_EQ(action_for(spec, "https://video.example/watch?v=BAD&list=PLAPPROVEDLONGLONG"), Action::block);
  EXPECT_EQ(action_for(spec, "https://video.example/watch?v=GOOD&list=PLAPPROVEDLONGLONG", "ks1"), Action::allow);
}

TEST(QueryParameters, AnAllowedWrappedAddressOpensNoOtherOne) {
  const PolicySpec spec = school({allow_url("cc.bingj.com/cache?u=https://good.example/"), block_site("bad.example")});
  EXPECT_EQ(action_for(spec, "https://cc.bingj.com/cache?u=https://good.example/", "ks1"), Action::allow);
  EXPECT_EQ(action_for(spec, "https://cc.bingj.com/cache?u=https://good.example/&d=https://bad.example/", "ks1"),
            Action::block);
}

TEST(QueryParameters, TooManyAreTakenForTheStrictAnswer) {
  std::string many = "v=7";
  for (int i = 0; i < 100; ++i) many += "&a=" + std::to_string(i);
  EXPECT_EQ(action_for(school({block_url("video.example/watch?v=8")}), "https://video.example/watch?" + many),
            Action::block);
  EXPECT_EQ(action_for(school({allow_url("video.example/watch?v=7")}), "https://video.example/watch?" + many, "ks1"),
            Action::block);
}

TEST(QueryParameters, ManyRulesOfOnePathAreFoundByTheirFirstParameter) {
  std::vector<RuleSpec> rules;
  for (int i = 0; i < 500; ++i) rules.push_back(allow_url("video.example/watch?v=" + std::to_string(i) + "&w=%41"));
  const PolicySpec spec = school(std::move(rules));
  EXPECT_EQ(action_for(spec, "https://video.example/watch?w=A&v=499", "ks1"), Action::allow);
  EXPECT_EQ(action_for(spec, "https://video.example/watch?w=A&v=500", "ks1"), Action::block);
}

TEST(QueryParameters, ExactMeansNoOthers) {
  PolicySpec spec = school({allow_url("video.example/watch?v=7")});
  spec.rules[0].exact = true;
  EXPECT_EQ(action_for(spec, "https://video.example/watch?v=7", "ks1"), Action::allow);
  EXPECT_EQ(action_for(spec, "https://video.example/watch?v=7&autoplay=1", "ks1"), Action::block);
}

}  // namespace
}  // namespace schoolgate::rules
