// Who stands in for somebody must lead safeguarding now.
#include "app/current_leaders.h"

#include <gtest/gtest.h>

#include "identity/user_database.h"
#include "identity/users.h"
#include "tests/breaches/support.h"

namespace schoolgate::app {
namespace {

using Names = std::set<std::string, std::less<>>;

TEST(CurrentLeaders, AreTheAccountsThatLeadAndAreNotSwitchedOff) {
  const breaches::TemporaryFolder folder;
  const auto leaders = current_leaders(folder.path());
  EXPECT_EQ(leaders(), Names{}) << "there is no desk yet";
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "a question makes no file";
  auto database = identity::UserDatabase::open(folder.path());
  ASSERT_TRUE(database.has_value());
  identity::Users users(**database);
  for (const auto& [user, role] :
       {std::pair{"d.lead", identity::Role::dsl}, std::pair{"d.eputy", identity::Role::deputy},
        std::pair{"t.ech", identity::Role::technician}})
    ASSERT_TRUE(users.add(user, user, role, "correct horse battery staple", wall_now()).has_value());
  EXPECT_EQ(leaders(), (Names{"d.lead", "d.eputy"}));
  ASSERT_TRUE(users.disable("d.eputy").has_value());
  EXPECT_EQ(leaders(), Names{"d.lead"});
  ASSERT_TRUE(users.set_role("d.lead", identity::Role::governor).has_value());
  EXPECT_EQ(leaders(), Names{});
}

TEST(CurrentLeaders, AFileThatIsNoDatabaseIsAnError) {
  const breaches::TemporaryFolder folder;
  ASSERT_TRUE(replace_file(folder.path() / "desk_users.db", std::string(8192, 'x')).has_value());
  EXPECT_FALSE(current_leaders(folder.path())().has_value());
}

}  // namespace
}  // namespace schoolgate::app
