#include "identity/second_factor.h"

#include <gtest/gtest.h>

#include "identity/totp.h"
#include "identity/users.h"
#include "tests/identity/users_fixture.h"

namespace schoolgate::identity {
namespace {

using namespace std::chrono_literals;
using test::kPassword;
using FactorKind = SignInAnswer::Kind;
using DeskCodes = test::UsersTest;

TEST_F(DeskCodes, ACodeIsAskedForOnceItIsConfirmed) {
  add();
  const std::string secret = *SecondFactor(*users_).begin("d.lead");
  EXPECT_EQ(sign_in().kind, FactorKind::accepted);  // begun is not confirmed
  EXPECT_FALSE(*SecondFactor(*users_).confirm("d.lead", "000000", now_));
  EXPECT_TRUE(*SecondFactor(*users_).confirm("d.lead", totp_code(secret, totp_step(now_)), now_));
  EXPECT_FALSE(SecondFactor(*users_).confirm("d.lead", totp_code(secret, totp_step(now_)), now_).has_value());
  EXPECT_TRUE((*Users(*users_).find("d.lead"))->second_factor);
  now_ += 30s;
  const auto first = sign_in();
  EXPECT_EQ(first.kind, FactorKind::code_needed);
  EXPECT_TRUE(first.token.empty());
  EXPECT_EQ(sign_in("d.lead", kPassword, totp_code(secret, totp_step(now_))).kind, FactorKind::accepted);
}

TEST_F(DeskCodes, ACodeOpensOnceEvenForTheRightPassword) {
  add();
  const std::string secret = set_up_code(), code = totp_code(secret, totp_step(now_));
  EXPECT_EQ(sign_in("d.lead", kPassword, code).kind, FactorKind::accepted);
  EXPECT_EQ(sign_in("d.lead", kPassword, code).kind, FactorKind::wrong);
  now_ += 30s;
  EXPECT_EQ(sign_in("d.lead", kPassword, code).kind, FactorKind::wrong);
  EXPECT_EQ(sign_in("d.lead", kPassword, totp_code(secret, totp_step(now_))).kind, FactorKind::accepted);
}

TEST_F(DeskCodes, TheCodeOfTheConfirmationDoesNotOpen) {
  add();
  const std::string secret = *SecondFactor(*users_).begin("d.lead"), code = totp_code(secret, totp_step(now_));
  ASSERT_TRUE(*SecondFactor(*users_).confirm("d.lead", code, now_));
  EXPECT_EQ(sign_in("d.lead", kPassword, code).kind, FactorKind::wrong);
}

TEST_F(DeskCodes, ARightCodeWithAWrongPasswordIsWrongAndGuessingCodesWaits) {
  add();
  const std::string secret = set_up_code();
  EXPECT_EQ(sign_in("d.lead", "wrong", totp_code(secret, totp_step(now_))).kind, FactorKind::wrong);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(sign_in("d.lead", kPassword, "00000x").kind, FactorKind::wrong);
  EXPECT_EQ(sign_in("d.lead", kPassword, totp_code(secret, totp_step(now_))).kind, FactorKind::wait);
}

TEST_F(DeskCodes, ALostTelephoneIsForgotten) {
  add();
  (void)set_up_code();
  ASSERT_TRUE(SecondFactor(*users_).remove("d.lead").has_value());
  EXPECT_EQ(sign_in().kind, FactorKind::accepted);
}

}  // namespace
}  // namespace schoolgate::identity
