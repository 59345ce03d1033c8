#include "proxy/tls/key_talk.h"

#include <gtest/gtest.h>

namespace schoolgate::tls {
namespace {

TEST(KeyTalk, QuestionsAreReadAsTheyWereWritten) {
  const std::string use = write_question(UseKey{7, "key"});
  const Question used = read_question(use);
  ASSERT_TRUE(std::holds_alternative<UseKey>(used));
  EXPECT_EQ(std::get<UseKey>(used).id, 7u);
  EXPECT_EQ(std::get<UseKey>(used).public_key, "key");
  const std::string sign = write_question(Sign{0xfedcba98, LeafFor::own_page, "site.test"});
  const Question signed_ = read_question(sign);
  ASSERT_TRUE(std::holds_alternative<Sign>(signed_));
  EXPECT_EQ(std::get<Sign>(signed_).id, 0xfedcba98);
  EXPECT_EQ(std::get<Sign>(signed_).what, LeafFor::own_page);
  EXPECT_EQ(std::get<Sign>(signed_).host, "site.test");
}

TEST(KeyTalk, ACertificateForPagesHasOneToManyNames) {
  const std::string packet =
      write_question(SignForPages{3, {"desk.test", "192.0.2.7", "::1"}, TimePoint{} + std::chrono::days(20000)});
  const Question read = read_question(packet);
  ASSERT_TRUE(std::holds_alternative<SignForPages>(read));
  const auto& pages = std::get<SignForPages>(read);
  EXPECT_EQ(pages.id, 3u);
  EXPECT_EQ(pages.when, TimePoint{} + std::chrono::days(20000));
  EXPECT_EQ(pages.hosts, (std::vector<std::string_view>{"desk.test", "192.0.2.7", "::1"}));
  const auto is_none = [](const SignForPages& question) {
    return std::holds_alternative<std::monostate>(read_question(write_question(question)));
  };
  EXPECT_TRUE(is_none({1, {}, {}}));
  EXPECT_TRUE(is_none({1, {"a.test", ""}, {}}));
  EXPECT_TRUE(is_none({1, {"a.test", "*.test"}, {}}));
  EXPECT_TRUE(is_none({1, std::vector<std::string_view>(kMostPageNames + 1, "a.test"), {}}));
  EXPECT_FALSE(is_none({1, std::vector<std::string_view>(kMostPageNames, "a.test"), {}}));
  EXPECT_TRUE(is_none({1, std::vector<std::string_view>(kMostPageNames, std::string(60, 'a')), {}})) << "too large";
}

TEST(KeyTalk, WhatDoesNotFitExactlyIsNoQuestion) {
  for (const std::string& good :
       {write_question(UseKey{1, "key"}), write_question(Sign{1, LeafFor::own_page, "a.test"}),
        write_question(SignForPages{1, {"a.test", "b.test"}, {}})}) {
    for (std::size_t cut = 0; cut < good.size(); ++cut)
      EXPECT_TRUE(std::holds_alternative<std::monostate>(read_question(good.substr(0, cut)))) << cut;
    EXPECT_TRUE(std::holds_alternative<std::monostate>(read_question(good + 'x')));
    for (const std::size_t at : {0u, 1u}) {
      std::string other = good;
      other[at] = char(other[at] + 5);
      EXPECT_TRUE(std::holds_alternative<std::monostate>(read_question(other)));
    }
  }
  std::string odd = write_question(Sign{1, LeafFor::own_page, "a.test"});
  odd[6] = 2;
  EXPECT_TRUE(std::holds_alternative<std::monostate>(read_question(odd)));
  for (const char* host : {"", "*.test", "A.test", "a,b"})
    EXPECT_TRUE(
        std::holds_alternative<std::monostate>(read_question(write_question(Sign{1, LeafFor::own_page, host}))));
  const std::string large(kLargestQuestion, 'k');
  EXPECT_TRUE(std::holds_alternative<std::monostate>(read_question(write_question(UseKey{1, large}))));
}

TEST(KeyTalk, AnswersAreReadAsTheyWereWritten) {
  const std::string packet = write_answer({9, true, "der"});
  const auto answer = read_answer(packet);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->id, 9u);
  EXPECT_TRUE(answer->good);
  EXPECT_EQ(answer->content, "der");
  for (std::size_t cut = 0; cut < packet.size(); ++cut) EXPECT_FALSE(read_answer(packet.substr(0, cut))) << cut;
  EXPECT_FALSE(read_answer(packet + 'x'));
  const std::string large(2 * kLargestAnswer, 'x');
  const std::string cut = write_answer({1, false, large});
  ASSERT_TRUE(read_answer(cut));
  EXPECT_EQ(cut.size(), kLargestAnswer);
}

}  // namespace
}  // namespace schoolgate::tls
