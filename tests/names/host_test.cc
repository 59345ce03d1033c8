#include "names/host.h"

#include <gtest/gtest.h>

namespace schoolgate::names {
namespace {

std::string canonical(std::string_view text) {
  const auto host = Host::parse(text);
  return host ? host->text() : "error: " + host.error().text();
}

void expect_refused(std::string_view text) {
  const auto host = Host::parse(text);
  EXPECT_FALSE(host) << text << " became " << host->text();
  if (host) return;
  EXPECT_EQ(host.error().fault, Fault::client) << text;
  EXPECT_FALSE(host.error().what.empty()) << text;
  EXPECT_EQ(host.error().text().find_first_of("\r\n\x1b"), std::string::npos) << "no hostile byte is repeated";
}

TEST(Host, IsLowerCase) {
  EXPECT_EQ(canonical("WwW.Example.ORG"), "www.example.org");
  EXPECT_EQ(canonical("example.org"), "example.org");
  EXPECT_EQ(canonical("localhost"), "localhost");
  EXPECT_FALSE(Host::parse("example.org")->address());
}

TEST(Host, OneTrailingDotIsTheRoot) {
  EXPECT_EQ(canonical("example.org."), "example.org");
  EXPECT_EQ(canonical("example.org%2e"), "example.org");
  EXPECT_EQ(canonical("例え.jp。"), canonical("例え.jp"));
  for (const char* text : {"example.org..", ".", "..", ".example.org", "a..b", "a.。b", "。a"}) expect_refused(text);
}

TEST(Host, RealLabelsAreTaken) {
  for (const char* text :
       {"_dmarc.example.org", "a_b.example", "-a.example", "a-.example", "r3---sn-4g5e.example", "ab--cd.example",
        "1.example", "1e100.example", "3com.example", "0x.example", "x.1a", "--.example"})
    EXPECT_EQ(canonical(text), text);
}

TEST(Host, FullWidthDotsAreDots) {
  EXPECT_EQ(canonical("www。example．org"), "www.example.org");
  EXPECT_EQ(canonical("www｡example.org"), "www.example.org");
}

TEST(Host, FullWidthLettersAreLetters) { EXPECT_EQ(canonical("ｗｗｗ.ＥＸＡＭＰＬＥ.org"), "www.example.org"); }

TEST(Host, InvisibleCharactersVanish) {
  EXPECT_EQ(canonical("exam\u00adple.org"), "example.org");
  EXPECT_EQ(canonical("exam\u200bple.org"), "example.org");
  EXPECT_EQ(canonical("exam\u2060ple.org"), "example.org");
  EXPECT_EQ(canonical("exam\ufe0fple.org"), "example.org");
  expect_refused("\u00ad");
  expect_refused("a.\u00ad.b");
}

TEST(Host, InternationalNamesAreALabels) {
  EXPECT_EQ(canonical("Bücher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(canonical("XN--BCHER-KVA.example"), "xn--bcher-kva.example");
  EXPECT_EQ(canonical("b%C3%BCcher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(canonical("faß.example"), "xn--fa-hia.example");
  EXPECT_EQ(canonical("日本語.example"), "xn--wgv71a119e.example");
  EXPECT_EQ(canonical("xn--ls8h.example"), "xn--ls8h.example");
}

TEST(Host, BogusALabelsAreRefused) {
  for (const char* text : {"xn--.example", "xn--a.example", "www.xn--0.example", "xn--example-.org", "example.xn--zn7c",
                           "XN--A-ECP.example", "%78n--a.example", "ｘｎ－－a.example"})
    expect_refused(text);
}

TEST(Host, EscapesAreDecodedToTheEnd) {
  EXPECT_EQ(canonical("g%6Fogle.example"), "google.example");
  EXPECT_EQ(canonical("%25%36%37oogle.example"), "google.example");
  EXPECT_EQ(canonical("%252567oogle%252Eexample"), "google.example");
  EXPECT_EQ(canonical("%31%39%32.0.2.1"), "192.0.2.1");
  EXPECT_EQ(canonical("www%E3%80%82example"), "www.example");
}

TEST(Host, EveryIpv4SpellingIsTheDottedQuad) {
  for (const char* text : {"192.0.2.1", "192.0.2.1.", "3221225985", "0xC0000201", "030000001001", "192.513",
                           "192.0.513", "0xc0.0.01001", "0300.0x0.02.1", "１９２.0.2.1", "0Xc0.0.0x02.01",
                           "192。0。2。1", "%31%39%32.0.2.1", "①⑨②.0.2.1", "0xc0000201.", "0000000300.0.2.1"}) {
    const auto host = Host::parse(text);
    ASSERT_TRUE(host) << text << ": " << host.error().text();
    EXPECT_EQ(host->text(), "192.0.2.1") << text;
    ASSERT_TRUE(host->address()) << text;
    EXPECT_EQ(host->address()->text(), "192.0.2.1");
  }
  EXPECT_EQ(canonical(std::string(300, '0') + "1"), "0.0.0.1");
}

TEST(Host, WhatEndsInANumberAndIsNoAddressIsNothing) {
  for (const char* text : {"foo.1", "foo.0x1f", "1.2.3.4.5", "256.256.256.256", "4294967296", "0x100000000", "1.2.3.08",
                           "09", "1.2.3.4..", "1.2.3.256", "example.0", "a.b.09"})
    expect_refused(text);
}

TEST(Host, Ipv6IsBracketedAndShort) {
  EXPECT_EQ(canonical("[2001:DB8:0:0:0:0:0:1]"), "[2001:db8::1]");
  EXPECT_EQ(canonical("[::]"), "[::]");
  // An address that embeds an IPv4 address leads to that site, so it is that site for every rule.
  for (const char* text : {"[64:ff9b::192.0.2.1]", "[64:ff9b::c000:201]", "[2002:c000:201::1]", "[::192.0.2.1]",
                           "[::ffff:0:192.0.2.1]", "[2001:db8::5efe:192.0.2.1]", "[2001:db8::200:5efe:192.0.2.1]"})
    EXPECT_EQ(canonical(text), "192.0.2.1") << text;
  EXPECT_EQ(Host::from_address(*IpAddress::parse("64:ff9b::192.0.2.1")).text(), "192.0.2.1");
  ASSERT_TRUE(Host::parse("[2001:db8::1]"));
  EXPECT_EQ(Host::parse("[2001:db8::1]")->address(), IpAddress::parse("2001:db8::1"));
}

TEST(Host, AMappedLiteralIsTheIpv4Address) {
  EXPECT_EQ(canonical("[::ffff:192.0.2.1]"), "192.0.2.1");
  EXPECT_EQ(canonical("[::FFFF:C000:201]"), "192.0.2.1");
}

TEST(Host, BrokenLiteralsAndZonesAreRefused) {
  for (const char* text :
       {"[", "]", "[]", "[::1", "::1]", "[::1]x", "[::1].", "x[::1]", "[192.0.2.1]", "[fe80::1%eth0]",
        "[fe80::1%25eth0]", "[::%31]", "%5B::1%5D", "2001:db8::1", "[[::1]]", "[::1 ]", "[v1.a]"})
    expect_refused(text);
}

TEST(Host, ForbiddenBytesAreRefused) {
  for (int c = 0; c < 0x80; ++c) {
    const std::string text = std::string("a") + char(c) + "b.example";
    const bool good = std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    EXPECT_EQ(Host::parse(text).has_value(), good) << c;
  }
  for (const char* text : {"",
                           " ",
                           "a b",
                           " a",
                           "a ",
                           "a\tb",
                           "a\nb",
                           "a\r\nb",
                           "a%00b",
                           "a%20b",
                           "a%0ab",
                           "a%2fb",
                           "a%40b",
                           "a%3a80",
                           "a%23",
                           "a%zzb",
                           "a%",
                           "*.example",
                           "a/b",
                           "a:80",
                           "user@a",
                           "a\\b",
                           "％４１.example",
                           "a／b.example",
                           "a＠b.example",
                           "℀.example",
                           "a：80"})
    expect_refused(text);
  expect_refused(std::string_view("good.example\0.bad.example", 25));
  expect_refused(std::string_view("ñ.example\0.bad.example", 23));
}

TEST(Host, BadUtf8IsRefused) {
  for (const char* text :
       {"\xff.example", "\xc0\xae.example", "%c0%ae.example", "\xe3\x80.example", "\xed\xa0\x80.example"})
    expect_refused(text);
}

TEST(Host, LabelsAndNamesHaveTheirLimits) {
  const std::string label(63, 'a');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  ASSERT_EQ(longest.size(), 253u);
  EXPECT_EQ(canonical(longest), longest);
  EXPECT_EQ(canonical(longest + '.'), longest);
  expect_refused(longest + 'a');
  expect_refused(longest + "a.");
  EXPECT_EQ(canonical(label + ".example"), label + ".example");
  expect_refused(label + "a.example");
  expect_refused("example." + label + "a");
  expect_refused(std::string(100'000, 'a'));
  std::string escaped;
  for (int i = 0; i < 60; ++i) escaped += "%2561";
  EXPECT_EQ(canonical(escaped + ".example"), std::string(60, 'a') + ".example");
  std::string long_unicode;
  for (int i = 0; i < 64; ++i) long_unicode += "ü";
  expect_refused(long_unicode + ".example");
  for (int i = 0; i < 12; ++i) long_unicode += long_unicode;
  expect_refused(long_unicode);
}

TEST(Host, FromAnAddressReadsBack) {
  for (const char* text : {"192.0.2.1", "2001:db8::1", "::", "::ffff:192.0.2.1"}) {
    const IpAddress address = *IpAddress::parse(text);
    const Host host = Host::from_address(address);
    EXPECT_EQ(host.address(), address);
    const auto again = Host::parse(host.text());
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, host);
    EXPECT_EQ(again->address(), address);
  }
  EXPECT_EQ(Host::from_address(*IpAddress::parse("2001:db8::1")).text(), "[2001:db8::1]");
}

TEST(IsSameOrUnder, HoldsOnLabelBoundariesOnly) {
  EXPECT_TRUE(is_same_or_under("example.com", "example.com"));
  EXPECT_TRUE(is_same_or_under("www.example.com", "example.com"));
  EXPECT_TRUE(is_same_or_under("a.b.example.com", "example.com"));
  EXPECT_TRUE(is_same_or_under("example.com", "com"));
  EXPECT_FALSE(is_same_or_under("example.com", "ple.com"));
  EXPECT_FALSE(is_same_or_under("badexample.com", "example.com"));
  EXPECT_FALSE(is_same_or_under("example.com", "www.example.com"));
  EXPECT_FALSE(is_same_or_under("example.com.evil.example", "example.com"));
  EXPECT_FALSE(is_same_or_under("example.com", ""));
  EXPECT_FALSE(is_same_or_under("", "example.com"));
  EXPECT_TRUE(is_same_or_under("[2001:db8::1]", "[2001:db8::1]"));
  EXPECT_FALSE(is_same_or_under("[2001:db8::11]", "[2001:db8::1]"));
}

}  // namespace
}  // namespace schoolgate::names
