// The names of the enumerations, as records and YAML have them.
#include <gtest/gtest.h>

#include "rules/subject.h"
#include "rules/verdict.h"

namespace schoolgate::rules {
namespace {

TEST(Words, ActionsReadBackAsWritten) {
  for (const Action action : {Action::allow, Action::monitor, Action::warn, Action::block})
    EXPECT_EQ(action_from(to_string(action)), action);
  EXPECT_EQ(action_from("Block"), std::nullopt);
  EXPECT_EQ(action_from(""), std::nullopt);
  EXPECT_LT(Action::warn, Action::block);
}

TEST(Words, AreThoseOfTheContract) {
  EXPECT_EQ(to_string(Stage::client_hello), "client_hello");
  EXPECT_EQ(to_string(Stage::connect), "connect");
  EXPECT_EQ(to_string(Stage::request), "request");
  EXPECT_EQ(to_string(Stage::response), "response");
  EXPECT_EQ(to_string(Confidence::class_login), "class");
  EXPECT_EQ(to_string(Confidence::login), "login");
  EXPECT_EQ(to_string(Confidence::device), "device");
  EXPECT_EQ(to_string(Confidence::network), "network");
  EXPECT_EQ(to_string(Confidence::unknown), "unknown");
  const char* const tiers[] = {"illegal", "emergency", "support", "local", "category", "unlisted"};
  for (int tier = 0; tier < 6; ++tier) EXPECT_EQ(to_string(static_cast<Tier>(tier)), tiers[tier]);
}

}  // namespace
}  // namespace schoolgate::rules
