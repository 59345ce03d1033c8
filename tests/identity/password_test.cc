#include "identity/password.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/password_secret.h"

namespace schoolgate::identity {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The reference implementation's own answer: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -e (its README).
const std::string kReference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

TEST(Password, IsArgon2idWithTheDocumentedCost) {
  const auto hash = hash_password("three green apples");
  ASSERT_TRUE(hash.has_value());
  EXPECT_THAT(*hash, StartsWith("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_THAT(*hash, Not(HasSubstr("apples")));
}

TEST(Password, OnlyTheRightOneVerifies) {
  const std::string hash = *hash_password("three green apples");
  EXPECT_TRUE(verify_password(hash, "three green apples"));
  EXPECT_FALSE(verify_password(hash, "three green applez"));
  EXPECT_FALSE(verify_password(hash, "three green apple"));
  EXPECT_FALSE(verify_password(hash, ""));
}

TEST(Password, TwoHashesOfOnePasswordDiffer) { EXPECT_NE(*hash_password("same words"), *hash_password("same words")); }

TEST(Password, AHashOfAnotherProgramVerifies) {
  EXPECT_TRUE(verify_password(kReference, "password"));
  EXPECT_FALSE(verify_password(kReference, "Password"));
}

TEST(Password, OldCostsAreToBeHashedAnew) {
  EXPECT_TRUE(needs_rehash(kReference));
  EXPECT_TRUE(needs_rehash(""));
  EXPECT_FALSE(needs_rehash(*hash_password("three green apples")));
}

TEST(Password, WhatIsNoHashMatchesNothing) {
  for (const char* hash :
       {"", "plain", "$argon2id$", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$x", "$6$salt$hash",
        "$argon2id$v=19$m=99999999999999999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8"}) {
    EXPECT_FALSE(verify_password(hash, "")) << hash;
    EXPECT_FALSE(verify_password(hash, "password")) << hash;
  }
}

TEST(Password, AHashThatWouldEatTheMachineIsNotTried) {
  EXPECT_FALSE(verify_password(
      "$argon2id$v=19$m=4000000,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"));
  EXPECT_FALSE(verify_password(
      "$argon2id$v=19$m=65536,t=4000000,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"));
}

TEST(Password, TooLongIsRefusedWithoutShowingIt) {
  const std::string huge = "hunter2-" + std::string(kLongestPassword, 'x');
  const auto hash = hash_password(huge);
  ASSERT_FALSE(hash.has_value());
  EXPECT_EQ(hash.error().fault, Fault::client);
  EXPECT_THAT(hash.error().text(), Not(HasSubstr("hunter2")));
  EXPECT_FALSE(verify_password(kReference, huge));
}

TEST(PasswordQuality, ShortCommonAndOwnNamesWillNotDo) {
  for (const char* weak :
       {"", "short", "7letter", "password", "Password1", "PASSWORD123", "password!", "Welcome2026!", "teacher1",
        "12345678", "87654321", "aaaaaaaa", "abcdefgh", "abcdefgh1", "Qwerty123", "schoolgate", "september2026"})
    EXPECT_TRUE(weakness_of(weak, "amelia.hughes").has_value()) << weak;
  EXPECT_TRUE(weakness_of("amelia.hughes1", "amelia.hughes").has_value());
  EXPECT_TRUE(weakness_of("Amelia.Hughes!", "amelia.hughes").has_value());
}

TEST(PasswordQuality, ThreeRandomWordsDo) {
  for (const char* good :
       {"three green apples", "correct-horse", "xK4_vbPq", "pössible wörds", "48291047561", "summer rain on tin"})
    EXPECT_EQ(weakness_of(good, "amelia.hughes"), std::nullopt) << good;
}

TEST(PasswordQuality, CountsCharactersAndNotBytes) { EXPECT_TRUE(weakness_of("ööööäüß", "amelia").has_value()); }

TEST(PasswordQuality, TheSentenceDoesNotRepeatThePassword) {
  EXPECT_THAT(*weakness_of("Password123", "amelia"), Not(HasSubstr("assword123")));
}

TEST(Secret, IsMovedAndNotCopied) {
  std::string text = "three green apples";
  Secret first = Secret::take(text);
  EXPECT_TRUE(text.empty());
  Secret second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT: what a moved-from Secret holds is what is tested
  EXPECT_EQ(second.view(), "three green apples");
  first = std::move(second);
  EXPECT_EQ(first.view(), "three green apples");
}

TEST(Secret, WipingLeavesNothingInTheStringsMemory) {
  std::string text(100, 'x');
  text = "a shorter secret";  // the capacity stays, and in it the end of the longer one
  const char* memory = text.data();
  const std::size_t capacity = text.capacity();
  wipe(text);
  EXPECT_EQ(text.data(), memory);
  for (std::size_t i = 0; i < capacity; ++i) ASSERT_EQ(memory[i], '\0') << i;
}

}  // namespace
}  // namespace schoolgate::identity
