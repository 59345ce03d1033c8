#include "app/policy_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace schoolgate::app {
namespace {

using rules::Action;

TEST(PolicyWords, SayWhatAGroupMayReachAndWhen) {
  rules::PolicySpec policy;
  rules::GroupSpec pupils{.id = "ks2", .title = "Key Stage 2"};
  pupils.categories = {
      {"gambling", Action::block, {}}, {"games", Action::warn, {}}, {"pornography", Action::block, {}}};
  pupils.safe_search = true;
  pupils.schedules = {{.days = {true, true, true, true, true, false, false},
                       .from_minute = 735,
                       .to_minute = 795,
                       .categories = {{"games", Action::allow, {}}},
                       .unlisted = std::nullopt,
                       .at = {}},
                      {.days = {true, false, true, false, false, false, false},
                       .from_minute = 0,
                       .to_minute = 540,
                       .categories = {},
                       .unlisted = Action::block,
                       .at = {}}};
  pupils.allowances = {{"games", 20, {}}};
  rules::GroupSpec infants{.id = "ks1", .title = ""};
  infants.unlisted = Action::block;
  policy.groups = {pupils, infants};
  const rules::CategoryTable categories;
  const auto title = [&](const char* id) { return categories[categories.find(id)].title; };
  EXPECT_THAT(
      policy_in_words(policy, categories),
      testing::ElementsAre(
          testing::Pair("Key Stage 2", "Closed: " + title("gambling") + ", " + title("pornography") +
                                           ". Asked to think first: " + title("games") +
                                           ". All else is open. SafeSearch is on. Mon to Fri, 12:15 to 13:15: " +
                                           title("games") + " open. Mon, Wed, 00:00 to 09:00: all else closed. " +
                                           title("games") + ": 20 minutes a day."),
          testing::Pair("ks1", "Only sites allowed by name.")));
}

}  // namespace
}  // namespace schoolgate::app
