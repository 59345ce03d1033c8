#include "app/group_question.h"

#include <gtest/gtest.h>

namespace schoolgate::app {
namespace {

using Words = std::vector<std::string_view>;

TEST(GroupQuestion, QuestionsMayBeAskedAndCommandsMayNot) {
  for (const Words& words : {Words{"check"},
                             {"check", "--json"},
                             {"explain", "http://bets.example/", "--group", "ks2"},
                             {"explain", "K7QF-2M9XPT"},
                             {"explain", "bets.example", "--device=phone"},
                             {"needs", "--since", "7d"},
                             {"lists", "status"},
                             {"inspect-report", "--json"},
                             {"breaches", "find", "K7QF-2M9XPT"},
                             {"report", "numbers", "--since", "2026-09-01"}}) {
    EXPECT_TRUE(is_group_question(words)) << words[0];
    EXPECT_TRUE(may_be_asked(words)) << words[0];
  }
  for (const Words& words : {Words{},
                             {"run"},
                             {"reload"},
                             {"lists"},
                             {"lists", "update"},
                             {"breaches", "export"},
                             {"breaches", "audit"},
                             {"emergency", "block"},
                             {"report", "inspection-pack"},
                             {"backup"},
                             {"restore"},
                             {"ca", "export"},
                             {"people", "list"},
                             {"answer-question"},
                             {"key-holder"}}) {
    EXPECT_FALSE(is_group_question(words));
    EXPECT_FALSE(may_be_asked(words));
  }
}

TEST(GroupQuestion, WhatNamesAPersonOrAFileIsWithheld) {
  for (const Words& words : {Words{"explain", "x", "--user", "j.smith"},
                             {"explain", "x", "--user=j.smith"},
                             {"explain", "x", "--groups", "a"},
                             {"explain", "x", "--device", "02:00:5e:10:00:01"},
                             {"explain", "x", "--device", "192.0.2.7"}}) {
    const auto may = may_be_asked(words);
    ASSERT_FALSE(may);
    EXPECT_TRUE(may.error().what.starts_with("cannot read")) << may.error().what;
  }
  for (const Words& words : {Words{"check", "--config", "/elsewhere"},
                             {"explain", "x", "--config=/elsewhere"},
                             {"report", "numbers", "--output", "/x"},
                             {"explain"},
                             {"explain", "a", "b"},
                             {"breaches", "find"},
                             {"explain", "--", "x", "--user", "j.smith"},
                             {"check", "--state", "/x"}})
    EXPECT_FALSE(may_be_asked(words));
}

TEST(GroupQuestion, GoesOverTheSocketAsItIs) {
  const std::vector<std::string> words{"explain", "http://bets.example/a b?q=1%2F&x\n", "--at", "tue 12:30", "", "ü"};
  const Words views(words.begin(), words.end());
  const std::string line = request_of(views);
  EXPECT_TRUE(line.starts_with("ask explain http://bets.example/a%20b"));
  EXPECT_FALSE(line.contains('\n'));
  EXPECT_EQ(words_in(line), words);
  for (const std::string bad : {"", "ask", "reload", "ask a%2", "ask a%zz", "ask a%00", "ask a\tb", "ask \x01"})
    EXPECT_FALSE(words_in(bad)) << bad;
}

TEST(GroupQuestion, AnAnswerComesBackAsItWasPrinted) {
  const Printed printed{.status = 1, .out = "two\nlines\n", .err = "schoolgate: why\n"};
  const auto read = printed_in(text_of(printed));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, 1);
  EXPECT_EQ(read->out, printed.out);
  EXPECT_EQ(read->err, printed.err);
  EXPECT_TRUE(printed_in(text_of({})));
  for (const std::string bad : {"", "1", "1 ", "1 5\nabc", "x 0\n", "1 -1\n", "1 99999999999999999999\n"})
    EXPECT_FALSE(printed_in(bad)) << bad;
}

}  // namespace
}  // namespace schoolgate::app
