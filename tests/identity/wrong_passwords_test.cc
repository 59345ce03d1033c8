#include "identity/wrong_passwords.h"

#include <gtest/gtest.h>

#include "identity/accounts.h"
#include "tests/identity/people_test.h"

namespace schoolgate::identity {
namespace {

using test::address;
using test::day_at;
using CountedPasswords = test::PeopleTest;

// People type passwords into the box for names.
TEST_F(CountedPasswords, ANameThatNobodyBearsIsNotKeptAsItWasTyped) {
  ASSERT_TRUE(Accounts(*people_).put({.user = "amelia", .name = "Amelia", .groups = {"year6"}}, "office", day_at(8)));
  for (const char* typed : {"hunter2", "hunter2", "amelia"})
    ASSERT_TRUE(WrongPasswords(*people_).note(typed, address("10.20.1.5"), day_at(9)));
  const auto counts = *WrongPasswords(*people_).all();
  ASSERT_EQ(counts.size(), 2u);
  for (const auto& one : counts) {
    EXPECT_FALSE(one.user.contains("hunter2"));
    EXPECT_TRUE(one.user == "amelia" || (one.user.starts_with("unknown-") && one.count == 2u)) << one.user;
  }
  for (const auto& entry : std::filesystem::directory_iterator(state_.folder()))
    EXPECT_FALSE(read_file(entry.path())->contains("hunter2")) << entry.path();
  ASSERT_TRUE(WrongPasswords(*people_).clear("hunter2"));  // it was an account's name after all
  EXPECT_EQ(WrongPasswords(*people_).all()->size(), 1u);
}

TEST_F(CountedPasswords, WrongPasswordsAreCountedUntilARightOne) {
  ASSERT_TRUE(Accounts(*people_).put({.user = "amelia", .name = "Amelia", .groups = {"year6"}}, "office", day_at(8)));
  ASSERT_TRUE(WrongPasswords(*people_).note("amelia", address("10.20.1.5"), day_at(9)));
  ASSERT_TRUE(WrongPasswords(*people_).note("amelia", address("10.20.1.6"), day_at(10)));
  const auto counts = *WrongPasswords(*people_).all();
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].count, 2u);
  EXPECT_EQ(counts[0].last, day_at(10));
  EXPECT_EQ(counts[0].from, address("10.20.1.6"));
  ASSERT_TRUE(WrongPasswords(*people_).clear("amelia"));
  ASSERT_TRUE(WrongPasswords(*people_).clear("amelia"));
  EXPECT_TRUE(WrongPasswords(*people_).all()->empty());
}

}  // namespace
}  // namespace schoolgate::identity
