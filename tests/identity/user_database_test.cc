#include "identity/user_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "identity/set_up_links.h"
#include "tests/identity/users_fixture.h"

namespace schoolgate::identity {
namespace {

using namespace std::chrono_literals;
using test::kPassword;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using KeptUsers = test::UsersTest;

TEST_F(KeptUsers, NothingThatOpensADoorIsOnDisk) {
  add();
  const auto answer = sign_in();
  const auto link = *SetUpLinks(*users_).make(now_);
  const std::string all = stored();
  EXPECT_THAT(all, AllOf(HasSubstr("$argon2id$"), HasSubstr("d.lead")));
  EXPECT_THAT(all, AllOf(Not(HasSubstr(kPassword)), Not(HasSubstr(answer.token)), Not(HasSubstr(link.token)),
                         Not(HasSubstr(answer.session.csrf))));
  struct stat status{};
  ASSERT_EQ(::stat((folder_ / "desk_users.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(KeptUsers, RolesHaveNames) {
  for (const Role role : {Role::dsl, Role::deputy, Role::head, Role::governor, Role::technician, Role::administrator})
    EXPECT_EQ(role_of(to_string(role)), role);
  EXPECT_EQ(role_of("root"), std::nullopt);
}

TEST_F(KeptUsers, AFileThatIsNoDatabaseIsAnErrorAndStays) {
  const auto folder = folder_ / "damaged";
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "desk_users.db") << std::string(8192, 'x');
  const auto opened = UserDatabase::open(folder);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().fault, Fault::host);
  EXPECT_EQ(std::filesystem::file_size(folder / "desk_users.db"), 8192u);
}

}  // namespace
}  // namespace schoolgate::identity
