#include "identity/totp.h"

#include <gtest/gtest.h>

namespace schoolgate::identity {
namespace {

const std::string kTotpSecret = "12345678901234567890";  // of RFC 6238 appendix B

TimePoint at(std::int64_t seconds) { return TimePoint(std::chrono::seconds(seconds)); }

TEST(Totp, GivesTheCodesOfTheStandard) {
  // RFC 6238 appendix B has eight digits; six are their last.
  EXPECT_EQ(totp_code(kTotpSecret, totp_step(at(59))), "287082");
  EXPECT_EQ(totp_code(kTotpSecret, totp_step(at(1111111109))), "081804");
  EXPECT_EQ(totp_code(kTotpSecret, totp_step(at(1111111111))), "050471");
  EXPECT_EQ(totp_code(kTotpSecret, totp_step(at(1234567890))), "005924");
  EXPECT_EQ(totp_code(kTotpSecret, totp_step(at(2000000000))), "279037");
  EXPECT_EQ(totp_code(kTotpSecret, totp_step(at(20000000000))), "353130");
}

TEST(Totp, AStepMoreOrLessIsForgiven) {
  const auto now = at(1'700'000'000);
  for (const int steps : {-1, 0, 1})
    EXPECT_EQ(check_totp(kTotpSecret, totp_code(kTotpSecret, totp_step(now) + steps), now, 0), totp_step(now) + steps);
  for (const int steps : {-2, 2})
    EXPECT_EQ(check_totp(kTotpSecret, totp_code(kTotpSecret, totp_step(now) + steps), now, 0), std::nullopt);
}

TEST(Totp, ACodeOpensOnce) {
  const auto now = at(1'700'000'000);
  const auto used = check_totp(kTotpSecret, totp_code(kTotpSecret, totp_step(now)), now, 0);
  ASSERT_TRUE(used.has_value());
  EXPECT_EQ(check_totp(kTotpSecret, totp_code(kTotpSecret, totp_step(now)), now, *used), std::nullopt);
  EXPECT_EQ(check_totp(kTotpSecret, totp_code(kTotpSecret, totp_step(now) - 1), now, *used), std::nullopt);
  EXPECT_NE(check_totp(kTotpSecret, totp_code(kTotpSecret, totp_step(now) + 1), now, *used), std::nullopt);
}

TEST(Totp, WhatIsNoCodeIsRefused) {
  const auto now = at(59);
  for (const char* code : {"", "28708", "2870822", "abcdef", "287082x", "+87082"})
    EXPECT_EQ(check_totp(kTotpSecret, code, now, 0), std::nullopt) << code;
  EXPECT_TRUE(check_totp(kTotpSecret, " 287 082", now, 0).has_value());
}

TEST(Totp, Base32IsThatOfTheStandard) {
  // RFC 4648 section 10, without padding.
  EXPECT_EQ(to_base32("f"), "MY");
  EXPECT_EQ(to_base32("fooba"), "MZXW6YTB");
  EXPECT_EQ(to_base32("foob"), "MZXW6YQ");
  EXPECT_EQ(from_base32("mzxw 6yq="), "foob");
  EXPECT_EQ(from_base32("MZXW1"), std::nullopt);
  EXPECT_EQ(from_base32(to_base32(kTotpSecret)), kTotpSecret);
}

TEST(Totp, SecretsAreLongAndDiffer) {
  EXPECT_EQ(make_totp_secret().size(), 20u);
  EXPECT_NE(make_totp_secret(), make_totp_secret());
}

TEST(Totp, TheCodeForAnAppIsEncoded) {
  EXPECT_EQ(totp_uri("foob", "Ashford Oaks: School", "d.lead&x"),
            "otpauth://totp/Ashford%20Oaks%3A%20School:d.lead%26x?secret=MZXW6YQ&issuer=Ashford%20Oaks%3A%20School"
            "&algorithm=SHA1&digits=6&period=30");
}

}  // namespace
}  // namespace schoolgate::identity
