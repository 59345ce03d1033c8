#include "proxy/http/field_names.h"

#include <gtest/gtest.h>

#include <string>

namespace schoolgate::http {
namespace {

TEST(FieldNames, KnownOnesAreKnownInAnyCase) {
  const std::pair<std::string, Name> known[] = {
      {"TE", Name::te},
      {"Via", Name::via},
      {"Host", Name::host},
      {"Expect", Name::expect},
      {"Alt-Svc", Name::alt_svc},
      {"Referer", Name::referer},
      {"Trailer", Name::trailer},
      {"Upgrade", Name::upgrade},
      {"Forwarded", Name::forwarded},
      {"Connection", Name::connection},
      {"Keep-Alive", Name::keep_alive},
      {"Authorization", Name::authorization},
      {"Content-Length", Name::content_length},
      {"HTTP2-Settings", Name::http2_settings},
      {"Sec-Fetch-Dest", Name::sec_fetch_dest},
      {"Sec-Fetch-Mode", Name::sec_fetch_mode},
      {"Sec-Fetch-User", Name::sec_fetch_user},
      {"X-Forwarded-For", Name::forwarded},
      {"X-Forwarded-Host", Name::forwarded},
      {"X-Forwarded-Proto", Name::forwarded},
      {"Proxy-Connection", Name::proxy_connection},
      {"Transfer-Encoding", Name::transfer_encoding},
      {"Proxy-Authenticate", Name::proxy_authenticate},
      {"Proxy-Authorization", Name::proxy_authorization},
  };
  for (const auto& [name, expected] : known) {
    std::string lower = name, upper = name;
    for (char& c : lower) c = char(std::tolower(c));
    for (char& c : upper) c = char(std::toupper(c));
    EXPECT_EQ(known_name(name), expected) << name;
    EXPECT_EQ(known_name(lower), expected) << lower;
    EXPECT_EQ(known_name(upper), expected) << upper;
    EXPECT_EQ(known_name(name + "x"), Name::other) << "no prefix counts";
    EXPECT_EQ(known_name(name.substr(1)), Name::other) << "no suffix counts";
  }
}

TEST(FieldNames, NeighboursAreOther) {
  for (const char* name : {"", "T", "User-Agent", "Accept", "Content_Length", "Transfer_Encoding", "Content-Lengtx",
                           "Hosu", "Content\rLength"})
    EXPECT_EQ(known_name(name), Name::other) << name;
}

TEST(FieldNames, OnlyLettersFold) {
  EXPECT_TRUE(equal_ignoring_case("aBc-1", "AbC-1"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_FALSE(equal_ignoring_case("\xC3\x89", "\xC3\xA9")) << "nothing beyond ASCII";
}

}  // namespace
}  // namespace schoolgate::http
