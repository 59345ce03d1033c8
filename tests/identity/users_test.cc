#include "identity/users.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/second_factor.h"
#include "tests/identity/users_fixture.h"

namespace schoolgate::identity {
namespace {

using namespace std::chrono_literals;
using test::kPassword;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using UserKind = SignInAnswer::Kind;
using DeskUsers = test::UsersTest;

TEST_F(DeskUsers, BadNamesAndPasswordsAreRefusedInWords) {
  EXPECT_THAT(Users(*users_).add("d lead", "Dana", Role::dsl, kPassword, now_).error().text(),
              HasSubstr("no user name"));
  EXPECT_THAT(Users(*users_).add("d.lead", "", Role::dsl, kPassword, now_).error().text(), HasSubstr("name is empty"));
  EXPECT_FALSE(Users(*users_).add("d.lead", "a\nb", Role::dsl, kPassword, now_).has_value());
  EXPECT_FALSE(Users(*users_).add("d.lead", "\xff", Role::dsl, kPassword, now_).has_value());
  const auto weak = Users(*users_).add("d.lead", "Dana", Role::dsl, "Tr0ub4d", now_);
  ASSERT_FALSE(weak.has_value());
  EXPECT_THAT(weak.error().text(), AllOf(HasSubstr("8 characters"), Not(HasSubstr("Tr0ub4d"))));
  add();
  EXPECT_THAT(Users(*users_).add("D.LEAD", "Other", Role::head, kPassword, now_).error().text(), HasSubstr("already"));
  EXPECT_EQ(Users(*users_).all()->size(), 1u);
}

TEST_F(DeskUsers, AnotherRolePasswordOrSwitchEndsTheSessions) {
  add("boss", Role::administrator);
  add();
  auto token = sign_in().token;
  ASSERT_TRUE(Users(*users_).set_role("d.lead", Role::governor).has_value());
  EXPECT_FALSE(session(token).has_value());
  token = sign_in().token;
  EXPECT_EQ(session(token)->role, Role::governor);
  ASSERT_TRUE(Users(*users_).set_password("d.lead", "four brown pears").has_value());
  EXPECT_FALSE(session(token).has_value());
  EXPECT_EQ(sign_in().kind, UserKind::wrong);
  token = sign_in("d.lead", "four brown pears").token;
  ASSERT_TRUE(Users(*users_).disable("d.lead").has_value());
  EXPECT_FALSE(session(token).has_value());
  ASSERT_TRUE(Users(*users_).enable("d.lead").has_value());
  EXPECT_FALSE(session(token).has_value());
  EXPECT_EQ(sign_in("d.lead", "four brown pears").kind, UserKind::accepted);
}

TEST_F(DeskUsers, ChangingOnesOwnPasswordKeepsThisSessionOnly) {
  add();
  const auto here = sign_in(), there = sign_in();
  EXPECT_THAT(Users(*users_).change_password("d.lead", "not it", "four brown pears", here.token).error().text(),
              HasSubstr("not right"));
  EXPECT_FALSE(Users(*users_).change_password("d.lead", kPassword, "short", here.token).has_value());
  EXPECT_TRUE(session(there.token).has_value());
  ASSERT_TRUE(Users(*users_).change_password("d.lead", kPassword, "four brown pears", here.token).has_value());
  EXPECT_TRUE(session(here.token).has_value());
  EXPECT_FALSE(session(there.token).has_value());
  EXPECT_EQ(sign_in("d.lead", "four brown pears").kind, UserKind::accepted);
}

TEST_F(DeskUsers, WhatAnotherProcessSwitchesOffIsOffHere) {
  add();
  const auto token = sign_in().token;
  const auto other = *UserDatabase::open(folder_);
  ASSERT_TRUE(Users(*other).disable("d.lead").has_value());
  EXPECT_FALSE(session(token).has_value());
  EXPECT_EQ(sign_in().kind, UserKind::wrong);
}

TEST_F(DeskUsers, TheLastAdministratorStays) {
  add("boss", Role::administrator);
  EXPECT_THAT(Users(*users_).disable("boss").error().text(), HasSubstr("only administrator"));
  EXPECT_FALSE(Users(*users_).set_role("boss", Role::governor).has_value());
  add("second", Role::administrator);
  EXPECT_TRUE(Users(*users_).disable("boss").has_value());
  EXPECT_FALSE(Users(*users_).disable("second").has_value());
}

TEST_F(DeskUsers, NobodyIsNoUser) {
  for (const char* nobody : {"nobody", "", "*", "a b"}) {
    EXPECT_EQ(Users(*users_).disable(nobody).error().fault, Fault::client);
    EXPECT_EQ(Users(*users_).enable(nobody).error().fault, Fault::client);
    EXPECT_EQ(Users(*users_).set_role(nobody, Role::dsl).error().fault, Fault::client);
    EXPECT_EQ(Users(*users_).set_password(nobody, kPassword).error().fault, Fault::client);
    EXPECT_EQ(SecondFactor(*users_).begin(nobody).error().fault, Fault::client);
    EXPECT_EQ(SecondFactor(*users_).remove(nobody).error().fault, Fault::client);
  }
}

}  // namespace
}  // namespace schoolgate::identity
