#include "identity/desk_sign_in.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "identity/users.h"
#include "tests/identity/users_fixture.h"

namespace schoolgate::identity {
namespace {

using namespace std::chrono_literals;
using test::kElsewhere;
using test::kPassword;
using DeskKind = SignInAnswer::Kind;
using DeskSignsIn = test::UsersTest;

TEST_F(DeskSignsIn, TheRightPasswordBeginsASession) {
  add();
  const auto answer = sign_in("D.Lead");
  ASSERT_EQ(answer.kind, DeskKind::accepted);
  EXPECT_EQ(answer.token.size(), 64u);
  const auto found = session(answer.token);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->user, "d.lead");
  EXPECT_EQ(found->name, "Dana Lead");
  EXPECT_EQ(found->role, Role::dsl);
  EXPECT_EQ(found->csrf, answer.session.csrf);
  EXPECT_EQ((*Users(*users_).all())[0].last_sign_in, now_);
}

TEST_F(DeskSignsIn, WrongPasswordsUnknownNamesAndDisabledAccountsLookTheSame) {
  add();
  add("off", Role::technician);
  ASSERT_TRUE(Users(*users_).disable("off").has_value());
  for (const auto& [user, password] : {std::pair{"d.lead", "wrong"},
                                       {"nobody", kPassword.c_str()},
                                       {"off", kPassword.c_str()},
                                       {"", ""},
                                       {"d.lead", ""},
                                       {"' OR 1=1 --", kPassword.c_str()}}) {
    const auto answer = sign_in(user, password);
    EXPECT_EQ(answer.kind, DeskKind::wrong) << user;
    EXPECT_TRUE(answer.token.empty());
    EXPECT_EQ(answer.wait, 0s);
  }
}

TEST_F(DeskSignsIn, ASessionEndsAfterHalfAnHourOfIdleness) {
  add();
  const auto token = sign_in().token;
  now_ += 30min;
  EXPECT_TRUE(session(token).has_value());
  now_ += 30min + 1ms;
  EXPECT_FALSE(session(token).has_value());
  now_ -= 10min;
  EXPECT_FALSE(session(token).has_value());  // ended is ended
}

TEST_F(DeskSignsIn, ASessionEndsAfterTwelveHoursHoweverBusy) {
  add();
  const auto token = sign_in().token;
  for (int i = 0; i < 12 * 3; ++i) {
    now_ += 20min;
    EXPECT_TRUE(session(token).has_value()) << i;
  }
  now_ += 1ms;
  EXPECT_FALSE(session(token).has_value());
}

TEST_F(DeskSignsIn, WhatIsNoTokenIsNobody) {
  add();
  const auto token = sign_in().token;
  std::string other = token;
  other[0] = other[0] == '0' ? '1' : '0';
  for (const std::string& bad : {std::string(), token.substr(1), token + "0", other, std::string(64, '0'),
                                 std::string(64, 'A'), std::string("' OR 1=1 --")})
    EXPECT_FALSE(session(bad).has_value()) << bad;
  EXPECT_TRUE(session(token).has_value());
}

TEST_F(DeskSignsIn, EverySignInHasATokenOfItsOwnAndSigningOutEndsOne) {
  add();
  const auto first = sign_in(), second = sign_in();
  EXPECT_NE(first.token, second.token);
  EXPECT_NE(first.session.csrf, second.session.csrf);
  ASSERT_TRUE(DeskSignIn(*users_).sign_out(first.token).has_value());
  EXPECT_FALSE(session(first.token).has_value());
  EXPECT_TRUE(session(second.token).has_value());
}

TEST_F(DeskSignsIn, AnEleventhSessionEndsTheOldest) {
  add();
  std::vector<std::string> tokens;
  for (int i = 0; i < 11; ++i, now_ += 1s) tokens.push_back(sign_in().token);
  EXPECT_FALSE(session(tokens[0]).has_value());
  for (std::size_t i = 1; i < tokens.size(); ++i) EXPECT_TRUE(session(tokens[i]).has_value()) << i;
}

TEST_F(DeskSignsIn, AFormNeedsTheSecretOfItsSession) {
  add();
  const auto first = sign_in(), second = sign_in();
  const auto found = *session(first.token);
  EXPECT_TRUE(DeskSignIn::csrf_matches(found, first.session.csrf));
  EXPECT_FALSE(DeskSignIn::csrf_matches(found, second.session.csrf));
  EXPECT_FALSE(DeskSignIn::csrf_matches(found, ""));
  EXPECT_FALSE(DeskSignIn::csrf_matches(DeskSession{}, ""));
}

TEST_F(DeskSignsIn, SessionsOutliveARestart) {
  add();
  const auto answer = sign_in();
  users_.reset();
  users_ = *UserDatabase::open(folder_);
  ASSERT_TRUE(session(answer.token).has_value());
  EXPECT_EQ(session(answer.token)->csrf, answer.session.csrf);
}

TEST_F(DeskSignsIn, GuessingWaitsLongerAndLongerButNotForGood) {
  add();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in("d.lead", "guess").kind, DeskKind::wrong);
  EXPECT_EQ(sign_in().kind, DeskKind::wait);
  EXPECT_EQ(sign_in().wait, 1s);
  auto longest = 0s;
  for (int i = 0; i < 25; ++i) {
    auto answer = sign_in("d.lead", "guess");
    if (answer.kind == DeskKind::wait) {
      longest = std::max(longest, answer.wait);
      now_ += answer.wait;
    }
  }
  EXPECT_GT(longest, 60s);
  EXPECT_LE(longest, 900s);
  now_ += 900s;
  EXPECT_EQ(sign_in().kind, DeskKind::accepted);
}

TEST_F(DeskSignsIn, GuessingAtOnceIsNoMoreThanGuessingInARow) {
  add();
  std::atomic<int> judged{0}, accepted{0};
  std::vector<std::thread> guessers;
  for (int i = 0; i < 40; ++i)
    guessers.emplace_back([&, i] {
      const auto kind = sign_in("d.lead", i == 30 ? kPassword : "guess " + std::to_string(i)).kind;
      judged += kind != DeskKind::wait;
      accepted += kind == DeskKind::accepted;
    });
  for (std::thread& guesser : guessers) guesser.join();
  // The right one may be among those that are judged, and forgives those before it.
  EXPECT_LE(judged, accepted == 0 ? 5 : 10);
}

TEST_F(DeskSignsIn, GuessingElsewhereDoesNotLockTheOfficeOut) {
  add();
  for (int i = 0; i < 8; ++i) (void)sign_in("d.lead", "guess", {}, kElsewhere);
  EXPECT_EQ(sign_in("d.lead", kPassword, {}, kElsewhere).kind, DeskKind::wait);
  EXPECT_EQ(sign_in().kind, DeskKind::accepted);
}

TEST_F(DeskSignsIn, GuessingNamesIsCountedByAddress) {
  add();
  int asked = 0;
  while (asked < 100 && sign_in("name" + std::to_string(asked), "guess", {}, kElsewhere).kind == DeskKind::wrong)
    ++asked;
  EXPECT_EQ(asked, 20);
  EXPECT_EQ(sign_in().kind, DeskKind::accepted);
}

}  // namespace
}  // namespace schoolgate::identity
