#include "identity/people_retention.h"

#include <gtest/gtest.h>

#include "identity/access_register.h"
#include "identity/accounts.h"
#include "identity/terms_record.h"
#include "identity/wrong_passwords.h"
#include "tests/identity/people_test.h"

namespace schoolgate::identity {
namespace {

using test::day_at;
using Retention = test::PeopleTest;

TEST_F(Retention, WhatIsOverGoesAfterItsTimeAndWhoIsThereStays) {
  const auto years_ago = [](int years) { return day_at(9) - std::chrono::hours(24 * 365 * years); };
  const auto year = [](std::string user) { return Account{.user = user, .name = user, .groups = {"year6"}}; };
  for (const char* user : {"gone", "stays"}) ASSERT_TRUE(Accounts(*people_).put(year(user), "office", years_ago(4)));
  ASSERT_TRUE(TermsRecord(*people_).add({.user = "gone", .version = "1", .accepted = true, .when = years_ago(4)}));
  ASSERT_TRUE(TermsRecord(*people_).add({.user = "stays", .version = "1", .accepted = true, .when = years_ago(4)}));
  ASSERT_TRUE(TermsRecord(*people_).add({.user = "gone", .version = "2", .accepted = true, .when = years_ago(4)}));
  ASSERT_TRUE(Accounts(*people_).close("gone", "left", "office", years_ago(3)));
  ASSERT_TRUE(forget_people_before(*people_, years_ago(5), day_at(11)));
  EXPECT_EQ(Accounts(*people_).all()->size(), 2u) << "five years are not over";
  EXPECT_EQ(TermsRecord(*people_).all()->size(), 3u);
  ASSERT_TRUE(forget_people_before(*people_, years_ago(2), day_at(11)));
  ASSERT_EQ(Accounts(*people_).all()->size(), 1u);
  EXPECT_EQ(Accounts(*people_).all()->at(0).user, "stays");
  EXPECT_EQ(TermsRecord(*people_).all()->at(0).user, "stays") << "who has access is not asked again";
  EXPECT_TRUE(TermsRecord(*people_).verify());
  ASSERT_TRUE(Accounts(*people_).close("stays", "left", "office", years_ago(2)));
  ASSERT_TRUE(forget_people_before(*people_, years_ago(1), day_at(11)));
  EXPECT_TRUE(Accounts(*people_).all()->empty());
  EXPECT_TRUE(TermsRecord(*people_).all()->empty());
  EXPECT_TRUE(TermsRecord(*people_).verify());
}

TEST_F(Retention, CountsOfWrongPasswordsGoWithTheirTime) {
  ASSERT_TRUE(WrongPasswords(*people_).note("hunter2", test::address("10.20.1.5"), day_at(9)));
  ASSERT_TRUE(WrongPasswords(*people_).note("noah", test::address("10.20.1.5"), day_at(11)));
  ASSERT_TRUE(forget_people_before(*people_, day_at(10), day_at(12)));
  EXPECT_EQ(WrongPasswords(*people_).all()->size(), 1u);
  ASSERT_TRUE(forget_people_before(*people_, day_at(12), day_at(12)));
  EXPECT_TRUE(WrongPasswords(*people_).all()->empty());
}

TEST_F(Retention, AnAccountThatRanOutGoesWithItsLastRow) {
  Account guest{.user = "guest", .name = "Guest", .groups = {"year6"}};
  guest.valid_until = day_at(9);
  ASSERT_TRUE(Accounts(*people_).put(guest, "office", day_at(8)));
  ASSERT_TRUE(AccessRegister(*people_).close_run_out(day_at(10)));
  ASSERT_TRUE(forget_people_before(*people_, day_at(9), day_at(11)));
  EXPECT_EQ(Accounts(*people_).all()->size(), 1u) << "its row is younger";
  ASSERT_TRUE(forget_people_before(*people_, day_at(11), day_at(11)));
  EXPECT_TRUE(Accounts(*people_).all()->empty());
}

TEST_F(Retention, OldClosedRowsGoAndOpenOnesStay) {
  ASSERT_TRUE(Accounts(*people_).put(amelia(), "office", day_at(8)));
  ASSERT_TRUE(AccessRegister(*people_).note(
      {.user = "noah", .group = "year5", .granted_by = "directory", .from = day_at(8)}, day_at(8)));
  ASSERT_TRUE(AccessRegister(*people_).close("noah", "left", "office", day_at(9)));
  EXPECT_EQ(forget_people_before(*people_, day_at(9), day_at(11)), 0u);
  EXPECT_EQ(forget_people_before(*people_, day_at(10), day_at(11)), 1u);
  EXPECT_EQ(AccessRegister(*people_).rows()->size(), 1u);
}

}  // namespace
}  // namespace schoolgate::identity
