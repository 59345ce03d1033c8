#include "identity/credentials_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/kerberos.h"

namespace schoolgate::identity {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::optional<std::pair<std::string, std::string>> basic(const std::string& field) {
  auto read = read_credentials(field);
  if (!read || !std::holds_alternative<BasicCredentials>(*read)) return std::nullopt;
  const auto& found = std::get<BasicCredentials>(*read);
  return std::pair{found.user, std::string(found.password.view())};
}
using Pair = std::pair<std::string, std::string>;

TEST(CredentialsField, BasicIsUserColonPassword) {
  EXPECT_EQ(basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Pair("Aladdin", "open sesame"));
  EXPECT_EQ(basic("bAsIc   QWxhZGRpbjpvcGVuIHNlc2FtZQ== "), Pair("Aladdin", "open sesame"));
  EXPECT_EQ(basic("Basic " + to_base64("user:with:colons")), Pair("user", "with:colons"));
  EXPECT_EQ(basic("Basic " + to_base64("user:")), Pair("user", ""));
  EXPECT_EQ(basic("Basic " + to_base64(":")), Pair("", ""));
}

TEST(CredentialsField, BasicIsUtf8AsTheChallengeSays) {
  EXPECT_EQ(basic("Basic dGVzdDoxMjPCow=="), Pair("test", "123£"));      // RFC 7617 section 2.1
  EXPECT_EQ(basic("Basic " + to_base64("test:123\xa3")), std::nullopt);  // Latin-1
}

TEST(CredentialsField, WhatIsNoBasicIsRefused) {
  for (const std::string& field :
       {std::string("Basic"), std::string("Basic "), std::string("Basic !!!!"),
        std::string("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ="), std::string("Basic QWxhZGRp bjpv"),
        "Basic " + to_base64("no colon"), "Basic " + to_base64(std::string("a\0b:c", 5)),
        "Basic " + to_base64("user:line\nbreak"), "Basic " + to_base64("user:" + std::string(600, 'x')),
        std::string("Digest abc"), std::string(), std::string(" "), "Basic " + std::string(100'000, 'A')})
    EXPECT_FALSE(read_credentials(field).has_value()) << field.substr(0, 40);
}

TEST(CredentialsField, ErrorsHoldNothingOfTheField) {
  const auto read = read_credentials("Basic " + to_base64("hunter2-without-a-colon"));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().fault, Fault::client);
  EXPECT_THAT(read.error().text(), Not(HasSubstr("hunter2")));
}

TEST(CredentialsField, NegotiateIsDecoded) {
  const auto read = read_credentials("Negotiate " + to_base64(std::string("\x60\x00\xff", 3)));
  ASSERT_TRUE(read.has_value());
  ASSERT_TRUE(std::holds_alternative<NegotiateCredentials>(*read));
  EXPECT_EQ(std::get<NegotiateCredentials>(*read).token, std::string("\x60\x00\xff", 3));
}

TEST(CredentialsField, ATokenOf64KilobytesIsTheLargest) {
  EXPECT_TRUE(read_credentials("Negotiate " + to_base64(std::string(kLargestToken, 'x'))).has_value());
  EXPECT_FALSE(read_credentials("Negotiate " + to_base64(std::string(kLargestToken + 1, 'x'))).has_value());
}

TEST(Base64, OfCredentialsIsStrictAndBounded) {
  for (const std::string bytes : {"f", "fo", "foo", "foob", "\xff\xfe\xfd"})
    EXPECT_EQ(from_base64(to_base64(bytes), 100), bytes);
  for (const char* bad : {"", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "Z===", "Zm 8", "Zm8_"})
    EXPECT_EQ(from_base64(bad, 100), std::nullopt) << bad;
  EXPECT_EQ(from_base64("Zm9vYmE=", 4), std::nullopt);
}

}  // namespace
}  // namespace schoolgate::identity
