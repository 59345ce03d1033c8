// base/base64.h. How it can go wrong: padding left out, doubled or in the middle; bits left over (a second spelling);
// the other alphabet; line breaks and blanks; a NUL or a high byte as a digit; an empty text.
#include "base/base64.h"

#include <array>

#include <gtest/gtest.h>

namespace schoolgate {
namespace {

// RFC 4648 section 10.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kPublished{{{"", ""},
                                                                                   {"f", "Zg=="},
                                                                                   {"fo", "Zm8="},
                                                                                   {"foo", "Zm9v"},
                                                                                   {"foob", "Zm9vYg=="},
                                                                                   {"fooba", "Zm9vYmE="},
                                                                                   {"foo"
                                                                                    "bar",
                                                                                    "Zm9vYmFy"}}};

TEST(Base64, FitsThePublishedVectors) {
  for (const auto& [bytes, text] : kPublished) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
    const std::string_view bare = text.substr(0, text.find('='));
    EXPECT_EQ(to_base64url(bytes), bare);
    EXPECT_EQ(from_base64url(bare), bytes);
  }
}

TEST(Base64, EveryByteComesBack) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    bytes += char(byte);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
  }
}

TEST(Base64, HasOneSpellingForAValue) {
  for (const std::string_view text : {"Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zh==", "Zm9=", "Zm=v",
                                      "Zg==Zg==", "Zm9v ", "Zm9\n", "-_8=", "Zm9vZ", "\xFFm9v"})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  for (const std::string_view text : {"Zg==", "Z", "Zh", "+/8", "Zm9v Zg", "\xFFm9v"})
    EXPECT_EQ(from_base64url(text), std::nullopt) << text;
  EXPECT_EQ(from_base64(std::string_view("Zm9\0", 4)), std::nullopt);
  EXPECT_EQ(from_base64("+/8="), "\xFB\xFF");
  EXPECT_EQ(from_base64url("-_8"), "\xFB\xFF");
}

}  // namespace
}  // namespace schoolgate
