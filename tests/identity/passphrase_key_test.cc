#include "identity/passphrase_key.h"

#include <gtest/gtest.h>

namespace schoolgate::identity {
namespace {

TEST(PassphraseKey, IsWhatTheReferenceProgramMakes) {
  // printf password | argon2 somesalt -id -t 2 -m 16 -p 1 -r
  const auto key = key_of_passphrase("password", "somesalt", {.kibibytes = 1u << 16, .passes = 2, .lanes = 1});
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(*key), "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
}

TEST(PassphraseKey, DependsOnEveryPartOfTheQuestion) {
  const PassphraseCost cost{.kibibytes = 64, .passes = 1, .lanes = 1};
  const auto key = key_of_passphrase("willow lane", "0123456789abcdef", cost);
  ASSERT_TRUE(key);
  EXPECT_EQ(*key, key_of_passphrase("willow lane", "0123456789abcdef", cost).value());
  EXPECT_NE(*key, key_of_passphrase("willow lanf", "0123456789abcdef", cost).value());
  EXPECT_NE(*key, key_of_passphrase("willow lane", "0123456789abcdeg", cost).value());
}

TEST(PassphraseKey, RefusesNumbersThatArgonDoesNotTake) {
  EXPECT_FALSE(key_of_passphrase("x", "0123456789abcdef", {.kibibytes = 1, .passes = 1, .lanes = 1}));
  EXPECT_FALSE(key_of_passphrase("x", "short", {.kibibytes = 64, .passes = 1, .lanes = 1}));
}

}  // namespace
}  // namespace schoolgate::identity
