#include "config/scalars.h"

#include <gtest/gtest.h>

namespace schoolgate::config {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(Duration, ReadsEachUnit) {
  EXPECT_EQ(parse_duration("30s"), seconds(30));
  EXPECT_EQ(parse_duration("15m"), seconds(900));
  EXPECT_EQ(parse_duration("24h"), hours(24));
  EXPECT_EQ(parse_duration("90d"), hours(24 * 90));
  EXPECT_EQ(parse_duration("2w"), hours(24 * 14));
  EXPECT_EQ(parse_duration("7y"), hours(24 * 365 * 7));
  EXPECT_EQ(parse_duration("0s"), seconds(0));
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", "s", "5", "5 m", "-5m", "+5m", "05m", "1.5h", "1h30m", "5M", "5min", "101y",
                           "99999999999999999999s", "999999999999999999y"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(TimeOfDay, IsTwoDigitsEach) {
  EXPECT_EQ(parse_time_of_day("00:00"), 0);
  EXPECT_EQ(parse_time_of_day("12:15"), 735);
  EXPECT_EQ(parse_time_of_day("23:59"), 1439);
  for (const char* text : {"", "735", "9:15", "24:00", "12:60", "12:5", "12-15", "12:15:00", "1a:00", " 12:15"})
    EXPECT_FALSE(parse_time_of_day(text)) << text;
}

TEST(Date, MustExist) {
  using namespace std::chrono;
  EXPECT_EQ(parse_date("2026-12-18"), 2026y / December / 18);
  EXPECT_EQ(parse_date("2028-02-29"), 2028y / February / 29);
  for (const char* text : {"2026-02-29", "2026-13-01", "2026-00-01", "2026-1-1", "18.12.2026", "2026-12-18T00:00", ""})
    EXPECT_FALSE(parse_date(text)) << text;
}

TEST(Size, ReadsBytesAndBinaryUnits) {
  EXPECT_EQ(parse_size("65536"), 65536u);
  EXPECT_EQ(parse_size("64KiB"), 65536u);
  EXPECT_EQ(parse_size("1MiB"), 1048576u);
  EXPECT_EQ(parse_size("2GiB"), 2147483648u);
  EXPECT_EQ(parse_size("64kB"), 64'000u);
  EXPECT_EQ(parse_size("200MB"), 200'000'000u);
  EXPECT_EQ(parse_size("1GB"), 1'000'000'000u);
  for (const char* text :
       {"", "64KB", "64mb", "MB", "99999999999GB", "64k", "KiB", "-1", "1.5KiB", "99999999999999999MiB"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(EndpointText, IsAddressAndPort) {
  EXPECT_EQ(parse_endpoint("0.0.0.0:8080")->text(), "0.0.0.0:8080");
  EXPECT_EQ(parse_endpoint("[::1]:8080")->text(), "[::1]:8080");
  EXPECT_EQ(parse_endpoint("[2001:DB8:0:0::1]:1")->text(), "[2001:db8::1]:1");
  for (const char* text : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
                           "127.0.0.1:080", "localhost:80", "::1:80", "[127.0.0.1]:80", "[::1]80", "[::1", "*:80"})
    EXPECT_FALSE(parse_endpoint(text)) << text;
}

TEST(EndpointText, MayLeaveOutAPortThatHasADefault) {
  EXPECT_EQ(parse_endpoint("192.0.2.53", 53)->text(), "192.0.2.53:53");
  EXPECT_EQ(parse_endpoint("2001:db8::53", 53)->text(), "[2001:db8::53]:53");
  EXPECT_EQ(parse_endpoint("[2001:db8::53]", 53)->text(), "[2001:db8::53]:53");
  EXPECT_EQ(parse_endpoint("[2001:db8::53]:5353", 53)->text(), "[2001:db8::53]:5353");
  EXPECT_FALSE(parse_endpoint("dns.example", 53));
}

TEST(EnclosingNetwork, ClearsTheBitsPastThePrefix) {
  EXPECT_EQ(enclosing_network("10.20.1.7/16"), "10.20.0.0/16");
  EXPECT_EQ(enclosing_network("10.20.3.0/23"), "10.20.2.0/23");
  EXPECT_EQ(enclosing_network("192.0.2.255/0"), "0.0.0.0/0");
  EXPECT_EQ(enclosing_network("fd00:1::9/8"), "fd00::/8");
  EXPECT_FALSE(enclosing_network("10.20.1.7"));
  EXPECT_FALSE(enclosing_network("10.20.1.7/33"));
  EXPECT_FALSE(enclosing_network("printer/8"));
}

TEST(Id, IsAPlainWord) {
  EXPECT_TRUE(is_id("ks1"));
  EXPECT_TRUE(is_id("no"));
  EXPECT_TRUE(is_id("Year_5.a"));
  EXPECT_TRUE(is_id(std::string(64, 'a')));
  EXPECT_FALSE(is_id(std::string(65, 'a')));
  for (const char* text : {"", "-a", "a b", "a/b", "caf\xC3\xA9", "a\n"}) EXPECT_FALSE(is_id(text)) << text;
}

TEST(MailAddress, CannotCarryHeadersOrNames) {
  EXPECT_TRUE(is_mail_address("dsl@school.example"));
  for (const char* text : {"", "dsl", "@school.example", "dsl@", "a@b@c", "DSL <dsl@school.example>",
                           "dsl@school.example\r\nBcc: x@y.example", "a@b.example,c@d.example"})
    EXPECT_FALSE(is_mail_address(text)) << text;
}

TEST(UrlOf, NeedsItsSchemeAndAHost) {
  EXPECT_TRUE(is_url_of("https://lists.example/a?b=c", {"https"}));
  EXPECT_TRUE(is_url_of("smtps://mail.example:465", {"smtp", "smtps"}));
  for (const char* text : {"http://lists.example/", "https:///a", "https://", "https://:443/", "lists.example",
                           "https://lists.example/a b", "https://lists.example/\x01", "ahttps://lists.example"})
    EXPECT_FALSE(is_url_of(text, {"https"})) << text;
}

}  // namespace
}  // namespace schoolgate::config
