#include "app/named_owner.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace schoolgate::app {
namespace {

TEST(NamedOwner, IsTheSameUserAgain) {
  const auto named = named_owner_of(std::filesystem::temp_directory_path());
  ASSERT_TRUE(named);
  EXPECT_EQ(owner_named(*named).value(), owner_of(std::filesystem::temp_directory_path()).value());
  EXPECT_EQ(owner_named({.user = "root", .group = "root"}).value(), (Owner{0, 0}));
}

TEST(NamedOwner, AnAccountWithoutANameIsItsNumber) {
  EXPECT_EQ(owner_named({.user = "54321", .group = "54322"}).value(), (Owner{54321, 54322}));
}

TEST(NamedOwner, SaysWhichAccountIsMissing) {
  EXPECT_TRUE(owner_named({.user = "no-such-user", .group = "root"}).error().what.contains("user no-such-user"));
  EXPECT_TRUE(owner_named({.user = "root", .group = "no-such-group"}).error().what.contains("group no-such-group"));
  EXPECT_FALSE(named_owner_of("/no/such/folder"));
}

}  // namespace
}  // namespace schoolgate::app
