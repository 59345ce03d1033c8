// One group of tests per format, over the kinds of lines that real lists hold.
#include "blocklists/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace schoolgate::blocklists {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Writes down what an importer says.
class Recorder final : public EntrySink {
 public:
  void host(std::string_view text) override { said.push_back("host " + std::string(text)); }
  void url(std::string_view text) override { said.push_back("url " + std::string(text)); }
  void pattern(std::string_view text, bool whole_url) override {
    said.push_back((whole_url ? "url-pattern " : "pattern ") + std::string(text));
  }
  void except(std::string_view text, Reach reach) override {
    const char* of = reach.of == Reach::Of::name_only ? "name " : reach.of == Reach::Of::below_only ? "below " : "";
    said.push_back((reach.closer_entries ? "open " : "open-wider ") + (of + std::string(text)));
  }
  void close_again(std::string_view text) override { said.push_back("close " + std::string(text)); }
  void adjust(std::string_view) override { ++adjusted; }
  void withdraw(std::string_view host) override { said.push_back("withdraw " + std::string(host)); }
  void skip(std::string_view reason) override { said.push_back("skip " + std::string(reason)); }
  void reject(std::string_view reason) override { said.push_back("reject " + std::string(reason)); }
  std::vector<std::string> said;
  int adjusted = 0;
};

std::vector<std::string> read(Format format, const std::vector<std::string>& lines) {
  Recorder recorder;
  const auto importer = importer_for(format);
  for (const std::string& line : lines) importer->line(line, recorder);
  return recorder.said;
}

TEST(Formats, EveryNameIsReadBack) {
  for (const std::string_view name : format_names()) {
    const auto format = format_from(name);
    ASSERT_TRUE(format) << name;
    EXPECT_EQ(to_string(*format), name);
    EXPECT_EQ(importer_for(*format) == nullptr, is_folder_format(*format)) << name;
  }
  EXPECT_FALSE(format_from("Domains"));
  EXPECT_FALSE(format_from(""));
}

TEST(Domains, TakesNamesInTheFormsThatListsHave) {
  EXPECT_THAT(read(Format::domains, {"a.example", "  B.Example\t", "*.c.example", ".d.example", "e.example # why",
                                     "f.example,Country Name", "||g.example^", "h.example:8080"}),
              ElementsAre("host a.example", "host B.Example", "host c.example", "host d.example", "host e.example",
                          "host f.example", "host g.example", "host h.example:8080"));
}

TEST(Domains, TakesAddressesNetworksAndUrls) {
  EXPECT_THAT(read(Format::domains, {"192.0.2.1", "192.0.2.0/24", "2001:db8::1", "2001:db8::/32", "http://a.example/",
                                     "b.example/path/x", "https://192.0.2.9"}),
              ElementsAre("host 192.0.2.1", "host 192.0.2.0/24", "host 2001:db8::1", "host 2001:db8::/32",
                          "url http://a.example/", "url b.example/path/x", "url https://192.0.2.9"));
}

TEST(Domains, CommentsAndBlankLinesSayNothing) {
  EXPECT_THAT(read(Format::domains, {"", "   ", "# a", "! b", "; c", "// d", "\t# e"}), IsEmpty());
}

TEST(Domains, RejectsWhatIsNoName) {
  EXPECT_THAT(read(Format::domains, {"two words", "*.", "/only/a/path", "ads*.example", "ftp://files.example/x"}),
              ElementsAre("reject more than one word", "reject no name", "reject a path without a host",
                          "skip a wildcard inside a name", "skip a scheme that is not HTTP"));
}

TEST(Hosts, TakesTheNamesAfterTheAddress) {
  EXPECT_THAT(read(Format::hosts, {"0.0.0.0 a.example", "127.0.0.1\tb.example c.example", "0.0.0.0    d.example",
                                   "::1 e.example", "# 0.0.0.0 f.example", "0.0.0.0 g.example # why"}),
              ElementsAre("host a.example", "host b.example", "host c.example", "host d.example", "host e.example",
                          "host g.example"));
}

TEST(Hosts, TheMachinesOwnNamesAreNoEntries) {
  for (const auto& said : read(Format::hosts, {"127.0.0.1 localhost", "::1 ip6-loopback", "fe80::1%lo0 localhost",
                                               "0.0.0.0 0.0.0.0", "255.255.255.255 broadcasthost"}))
    EXPECT_EQ(said, "skip a name of the machine itself");
}

TEST(Hosts, RejectsDamagedLines) {
  EXPECT_THAT(read(Format::hosts, {"0.0.0.0en.example.net", "0.0.0.0", "a.example b.example"}),
              ElementsAre("reject no address before the name", "reject an address without a name",
                          "reject does not begin with an address"));
}

TEST(Urls, TakesHostAndPathWithAndWithoutScheme) {
  EXPECT_THAT(read(Format::urls, {"a.example/b/c", "https://d.example/e?f=1", "//nothing", "*://g.example/h",
                                  "*.i.example/j", "mailto://k.example/", "a b.example/c", "1.2.3.4/24"}),
              ElementsAre("url a.example/b/c", "url https://d.example/e?f=1", "reject a path without a host",
                          "url g.example/h", "url i.example/j", "skip a scheme that is not HTTP",
                          "reject a blank inside a URL", "url 1.2.3.4/24"));
}

TEST(Expressions, TakesEveryLineThatIsNoComment) {
  EXPECT_THAT(read(Format::expressions, {"# why", "", "(free|big)[-_]?spins$ "}),
              ElementsAre("pattern (?i)(free|big)[-_]?spins$"));
}

TEST(Adblock, TakesHostsUrlsAndExpressions) {
  EXPECT_THAT(read(Format::adblock,
                   {"||a.example^", "||b.example^$important", "||c.example", "||*.d.example^", "||e.example/ads/",
                    "||f.example/x.js|", "/banner[0-9]+/", "|https://g.example/h", "i.example", "||192.0.2.1^"}),
              ElementsAre("host a.example", "host b.example", "host c.example", "host d.example", "url e.example/ads/",
                          "url f.example/x.js", "url-pattern (?i)banner[0-9]+", "url https://g.example/h",
                          "host i.example", "host 192.0.2.1"));
}

TEST(Adblock, SkipsWhatAProxyCannotSee) {
  EXPECT_THAT(
      read(Format::adblock, {"@@||a.example^$script", "b.example##.ad", "c.example#@#.ad", "||d.example^$third-party",
                             "||e.example^$script", "||f.example^$domain=g.example|h.example", "/ads/banner.",
                             "||i*.example^", "||j.", "##.everywhere"}),
      ElementsAre("skip an exception with a condition", "skip cosmetic", "skip cosmetic", "skip only on some pages",
                  "skip only for some kinds of content", "skip only on some pages", "skip a piece of any site's URL",
                  "skip a wildcard inside a name", "skip the beginning of a name", "skip cosmetic"));
}

TEST(Adblock, AListsOwnExceptionsAreHonoured) {
  EXPECT_THAT(
      read(Format::adblock, {"@@||a.example^", "@@||b.example^$important", "@@||c.example/ok/",
                             "@@|https://d.example/x|", "@@e.example", "@@||*.f.example^", "@@||g*.example^",
                             "@@/regex/", "@@||h.example^$domain=i.example", "@@/banner/", "@@||j.example^|"}),
      ElementsAre("open a.example", "open b.example", "open c.example/ok/", "skip an exception of one address alone",
                  "open e.example", "open below f.example", "skip an exception with a wildcard",
                  "skip an exception for a piece of any site's URL", "skip an exception with a condition",
                  "skip an exception for a piece of any site's URL", "open j.example"));
}

TEST(Adblock, WhatAnEntryCannotHoldExactlyIsCounted) {
  for (const char* line :
       {"||*.a.example^", "||a.example/x", "||a.example/x|", "||a.example/?id=7", "|https://a.example/x"}) {
    Recorder recorder;
    importer_for(Format::adblock)->line(line, recorder);
    EXPECT_EQ(recorder.adjusted, 1) << line;
  }
  for (const char* line : {"||a.example^", "||a.example/x/", "||a.example/x^", "/regex/"}) {
    Recorder recorder;
    importer_for(Format::adblock)->line(line, recorder);
    EXPECT_EQ(recorder.adjusted, 0) << line;
  }
}

TEST(Adblock, ABadFilterTakesItsRuleBack) {
  EXPECT_THAT(read(Format::adblock, {"||a.example^$badfilter", "||b.example^$important,badfilter",
                                     "@@||c.example^$badfilter", "/ads/$badfilter", "||d.example/x$badfilter"}),
              ElementsAre("withdraw a.example", "skip takes back a rule with options", "close c.example",
                          "skip takes back what is no entry", "skip takes back a URL"));
}

TEST(Adblock, ARewriteToNowhereIsABlockAndOneToASiteIsNone) {
  EXPECT_THAT(read(Format::adblock, {"||a.example^$dnsrewrite=NXDOMAIN", "||b.example^$dnsrewrite=0.0.0.0",
                                     "||c.example^$dnsrewrite=NOERROR;A;0.0.0.0", "||d.example^$dnsrewrite=REFUSED;;",
                                     "||e.example^$dnsrewrite=NOERROR;CNAME;forcesafesearch.google.com",
                                     "||f.example^$dnsrewrite=192.0.2.1"}),
              ElementsAre("host a.example", "host b.example", "host c.example", "host d.example",
                          "skip maps a name to a real address", "skip maps a name to a real address"));
}

TEST(Adblock, HeadersAndCommentsSayNothing) {
  EXPECT_THAT(read(Format::adblock, {"[Adblock Plus 2.0]", "! Title: x", ""}), IsEmpty());
}

TEST(Adblock, AWildcardBelowAHostBecomesAnExpression) {
  EXPECT_THAT(read(Format::adblock, {"||a.example/x*y^"}),
              ElementsAre("url-pattern (?i)^[a-z]+://(?:[^/]*\\.)?a\\.example/x.*y(?:[^a-z0-9_.%-]|$)"));
}

TEST(Dnsmasq, TakesNamesThatAreAnsweredOrNeverResolved) {
  EXPECT_THAT(read(Format::dnsmasq, {"address=/a.example/0.0.0.0", "address=/b.example/#", "local=/c.example/",
                                     "server=/d.example/", "address=/e.example/f.example/::", "--address=/g.example/"}),
              ElementsAre("host a.example", "host b.example", "host c.example", "host d.example", "host e.example",
                          "host f.example", "host g.example"));
}

TEST(Dnsmasq, LeavesOtherOptionsAlone) {
  EXPECT_THAT(read(Format::dnsmasq, {"server=/corp.example/192.0.2.1", "no-resolv", "cache-size=1000",
                                     "address=/#/0.0.0.0", "# comment", "address=/a.example"}),
              ElementsAre("skip names that another server resolves", "skip an option that lists no name",
                          "skip an option that lists no name", "reject stands for every name",
                          "reject no slash after the name"));
}

TEST(RealAddresses, AreAnswersAndNoBlocks) {
  EXPECT_THAT(read(Format::hosts, {"140.82.112.4 github.example", "2001:db8::7 a.example", "255.255.255.255 b.example",
                                   ":: c.example", "127.8.8.8 d.example", "fe80::1%lo0 e.example"}),
              ElementsAre("skip maps a name to a real address", "skip maps a name to a real address", "host b.example",
                          "host c.example", "host d.example", "host e.example"));
  EXPECT_THAT(read(Format::dnsmasq, {"address=/a.example/192.0.2.1", "address=/b.example/127.0.0.1"}),
              ElementsAre("skip maps a name to a real address", "host b.example"));
  EXPECT_THAT(read(Format::unbound, {"local-data: \"a.example. A 192.0.2.1\"",
                                     "local-data: \"b.example. 60 IN AAAA ::\"", "local-data: \"c.example. TXT x\""}),
              ElementsAre("skip maps a name to a real address", "host b.example", "host c.example"));
}

TEST(Unbound, TakesZonesThatRefuse) {
  EXPECT_THAT(read(Format::unbound, {"server:", "local-zone: \"a.example.\" always_null",
                                     "local-zone: b.example refuse", "local-zone: \"c.example.\" transparent",
                                     "local-data: \"d.example. A 0.0.0.0\"", "verbosity: 1", "# e"}),
              ElementsAre("host a.example", "host b.example", "skip a zone that is let through", "host d.example",
                          "skip an option that lists no name"));
}

TEST(Rpz, TakesOwnersBelowTheZoneAndLeavesTheZonesOwnRecords) {
  EXPECT_THAT(read(Format::rpz, {"$TTL 60", "$ORIGIN rpz.example.", "@ IN SOA ns.example. root.example. (",
                                 "1 3600 600", "86400 60 )", "  IN NS ns.example.", "a.example CNAME .",
                                 "*.a.example 300 IN CNAME .", "b.example.rpz.example. CNAME *.",
                                 "c.example A 192.0.2.1", "; comment", "d.example CNAME rpz-drop."}),
              ElementsAre("host a.example", "host a.example", "host b.example", "host c.example", "host d.example"));
}

TEST(Rpz, AnExemptionOpensANameButNoCloserOne) {
  EXPECT_THAT(
      read(Format::rpz, {"$ORIGIN rpz.example.", "a.example CNAME rpz-passthru.",
                         "*.b.example.rpz.example. CNAME rpz-passthru.", "32.1.2.0.192.rpz-ip CNAME rpz-passthru."}),
      ElementsAre("open-wider name a.example", "open-wider below b.example", "skip an exemption of an address"));
}

TEST(Rpz, SkipsTriggersThatAProxyCannotSee) {
  EXPECT_THAT(read(Format::rpz, {"b.example CNAME rpz-tcp-only.", "32.1.2.0.192.rpz-client-ip CNAME .",
                                 "ns.example.rpz-nsdname CNAME .", "c.example MX 5 d."}),
              ElementsAre("skip asks only for TCP", "skip a trigger that a proxy cannot see",
                          "skip a trigger that a proxy cannot see", "skip a record type that blocks nothing"));
}

TEST(Rpz, AddressTriggersAreNetworks) {
  EXPECT_THAT(read(Format::rpz, {"24.0.2.0.192.rpz-ip CNAME .", "128.1.zz.db8.2001.rpz-ip CNAME .",
                                 "48.zz.1.db8.2001.rpz-ip CNAME .", "x.rpz-ip CNAME ."}),
              ElementsAre("host 192.0.2.0/24", "host 2001:db8::1/128", "host 2001:db8:1::/48",
                          "reject not an address trigger"));
}

TEST(Dstdomain, ReadsSquidsFile) {
  EXPECT_THAT(
      read(Format::dstdomain, {".a.example", "b.example", "# c", "\".d.example\" e.example", "-n"}),
      ElementsAre("host a.example", "host b.example", "host d.example", "host e.example", "skip an option of squid"));
}

}  // namespace
}  // namespace schoolgate::blocklists
