#include "names/url.h"

#include <gtest/gtest.h>

namespace schoolgate::names {
namespace {

std::string canonical_url(std::string_view text) {
  const auto url = Url::parse(text);
  return url ? url->text() : "error: " + url.error().text();
}

void expect_url_refused(std::string_view text) {
  const auto url = Url::parse(text);
  EXPECT_FALSE(url) << text << " became " << url->text();
  if (!url) EXPECT_EQ(url.error().fault, Fault::client);
}

Host host(std::string_view text) { return *Host::parse(text); }

TEST(Url, HasItsPieces) {
  const auto url = Url::parse("HTTP://www.Example.org:8080/Casino/slots?x=1#top");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->text(), "http://www.example.org:8080/Casino/slots?x=1");
  EXPECT_EQ(url->scheme(), "http");
  EXPECT_EQ(url->host(), "www.example.org");
  EXPECT_EQ(url->port(), 8080);
  EXPECT_EQ(url->path(), "/Casino/slots");
  EXPECT_EQ(url->query(), "x=1");
  EXPECT_EQ(url->target(), "/Casino/slots?x=1");
  EXPECT_FALSE(url->address());
  EXPECT_FALSE(url->names_only());
}

TEST(Url, HasItsPiecesWithoutPortPathAndQuery) {
  const auto url = Url::parse("https://[2001:db8::1]");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->text(), "https://[2001:db8::1]/");
  EXPECT_EQ(url->scheme(), "https");
  EXPECT_EQ(url->host(), "[2001:db8::1]");
  EXPECT_EQ(url->port(), 443);
  EXPECT_EQ(url->path(), "/");
  EXPECT_EQ(url->query(), "");
  EXPECT_EQ(url->target(), "/");
  EXPECT_EQ(url->address(), IpAddress::parse("2001:db8::1"));
}

struct Case {
  std::string_view text, expected;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(canonical_url(c.text), c.expected) << c.text;
    EXPECT_EQ(canonical_url(c.expected), c.expected) << "once canonical_url, for ever canonical";
  }
}

TEST(Url, SchemesOfTheWebAreRead) {
  expect_all({
      {"http://a.example/", "http://a.example/"},
      {"HTTPS://a.example/", "https://a.example/"},
      {"ws://a.example/x", "ws://a.example/x"},
      {"WSS://a.example:443/x", "wss://a.example/x"},
      {"ftp://a.example:21/x", "ftp://a.example/x"},
      {"http:a.example/x", "http://a.example/x"},
      {"http:/a.example/x", "http://a.example/x"},
      {"http:////a.example/x", "http://a.example/x"},
      {"http:\\\\a.example\\x", "http://a.example/x"},
      {"http:/\\/a.example/x", "http://a.example/x"},
  });
  for (const char* text : {"javascript:alert(1)", "data:text/html,x", "blob:http://a.example/x", "about:blank",
                           "mailto:a@b.example", "file:///etc/passwd", "gopher://a.example/", "x://a.example/",
                           "view-source:http://a.example/", "tel:", "user:word@a.example", "scheme:"})
    expect_url_refused(text);
}

TEST(Url, AListEntryNeedsNoScheme) {
  expect_all({
      {"Example.COM/Path/?q", "http://example.com/Path/?q"},
      {"Example.COM", "http://example.com/"},
      {"example.com:8080/x", "http://example.com:8080/x"},
      {"example.com:80", "http://example.com/"},
      {"localhost:8080", "http://localhost:8080/"},
      {"192.0.2.1:8080/x", "http://192.0.2.1:8080/x"},
      {"[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"},
      {"//example.com/x", "http://example.com/x"},
      {"\\\\example.com\\x", "http://example.com/x"},
      {"user@example.com/x", "http://example.com/x"},
      {"example.com?q", "http://example.com/?q"},
      {"example.com:81?q", "http://example.com:81/?q"},
      {"example.com#f", "http://example.com/"},
      {"example.com/http://b.example/", "http://example.com/http:/b.example/"},
  });
}

TEST(Url, WithoutAHostIsNothing) {
  for (const char* text : {"",
                           " ",
                           "/",
                           "/path",
                           "?q",
                           "#f",
                           "http:",
                           "http://",
                           "http:///",
                           "http://?q",
                           "http://#f",
                           "http://user@/",
                           "http://:80/",
                           "http://@/",
                           "//",
                           "///",
                           ":80",
                           "@",
                           "http://./",
                           "*"})
    expect_url_refused(text);
}

TEST(Url, UserinfoIsDroppedAtTheLastAt) {
  expect_all({
      {"http://good.example@bad.example/", "http://bad.example/"},
      {"http://user:pass@bad.example:8080/", "http://bad.example:8080/"},
      {"http://a@b@c@bad.example/", "http://bad.example/"},
      {"http://good.example:80@bad.example/", "http://bad.example/"},
      {"http://good.example%2F@bad.example/", "http://bad.example/"},
      {"http://a.example/@b.example", "http://a.example/@b.example"},
      {"http://a.example?@b.example", "http://a.example/?@b.example"},
      {"http://a.example#@b.example", "http://a.example/"},
      {"http://a.example\\@b.example/", "http://a.example/@b.example/"},  // as browsers: the backslash ends the host
  });
  expect_url_refused("http://good.example%40bad.example/");
}

TEST(Url, PortsAreNumbers) {
  expect_all({
      {"http://a.example:80/", "http://a.example/"},
      {"https://a.example:443/", "https://a.example/"},
      {"http://a.example:443/", "http://a.example:443/"},
      {"https://a.example:80/", "https://a.example:80/"},
      {"http://a.example:/x", "http://a.example/x"},
      {"https://a.example:", "https://a.example/"},
      {"http://a.example:00080/", "http://a.example/"},
      {"http://a.example:0000000000008080/", "http://a.example:8080/"},
      {"http://a.example:65535/", "http://a.example:65535/"},
      {"http://a.example:1/", "http://a.example:1/"},
      {"https://[2001:db8::1]:/", "https://[2001:db8::1]/"},
  });
  for (const char* text : {"http://a.example:0/",          "http://a.example:000/",
                           "http://a.example:65536/",      "http://a.example:99999999999999999999/",
                           "http://a.example:4294967376/", "http://a.example:-80/",
                           "http://a.example:+80/",        "http://a.example:80a/",
                           "http://a.example:0x50/",       "http://a.example: 80/",
                           "http://a.example:80:80/",      "http://a.example:%38%30/",
                           "http://a.example::80/",        "http://a.example%3A80/",
                           "http://2001:db8::1/",          "http://[2001:db8::1]80/",
                           "http://[2001:db8::1]:x/",      "http://[2001:db8::1:80/",
                           "http://a.example：80/",        "a.example:x/"})
    expect_url_refused(text);
}

TEST(Url, HostsAreCanonical) {
  expect_all({
      {"http://WWW.Example.ORG./", "http://www.example.org/"},
      {"http://www。example。org/", "http://www.example.org/"},
      {"http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"},
      {"http://3221225985/", "http://192.0.2.1/"},
      {"http://0xc0.0.513/x", "http://192.0.2.1/x"},
      {"http://[::ffff:192.0.2.1]/", "http://192.0.2.1/"},
      {"http://%77%77%77.example/", "http://www.example/"},
      {"http://127.0.0.1.:8080/", "http://127.0.0.1:8080/"},
      {"http:80/", "http://0.0.0.80/"},  // as browsers read it
  });
  EXPECT_EQ(Url::parse("http://3221225985/")->address(), IpAddress::parse("192.0.2.1"));
  for (const char* text :
       {"http://foo.1/", "http://a..b/", "http://a b.example/", "http://[fe80::1%25eth0]/", "http://xn--a.example/",
        "http://a%00.example/", "http://a%20b.example/", "http://a%2Fb.example/", "http://a%09b.example/"})
    expect_url_refused(text);
}

TEST(Url, FragmentsAreDropped) {
  expect_all({
      {"http://a.example/x#y", "http://a.example/x"},
      {"http://a.example/x#y#z?q", "http://a.example/x"},
      {"http://a.example/x?q#y", "http://a.example/x?q"},
      {"http://a.example/x%23y", "http://a.example/x%23y"},
      {"http://a.example/x%2523y?%23", "http://a.example/x%23y?%23"},
      {"http://a.example/x#%00", "http://a.example/x"},
  });
}

TEST(Url, TabsAndLineBreaksAreTakenOut) {
  expect_all({
      {"\t http://a.example/x \r\n", "http://a.example/x"},
      {"ht\ntp://a.ex\tample/ca\r\nsino", "http://a.example/casino"},
      {"http://a.example/%\t4\n1", "http://a.example/A"},
      {"http:/\t/a.example", "http://a.example/"},
      {"http://a.example/x\ty?z\nw", "http://a.example/xy?zw"},
      {"http://a.example/%09%0A%0d", "http://a.example/%09%0A%0D"},  // escaped ones are content
      {"\x01\x1fhttp://a.example/\x01 ", "http://a.example/"},
  });
}

TEST(Url, ANulIsRefusedWhereverItIs) {
  for (const std::string_view text :
       {std::string_view("http://a.example/\0", 18), std::string_view("\0http://a.example/", 18),
        std::string_view("http://a.example/\0/x", 20), std::string_view("http://a\0.example/", 18),
        std::string_view("http://a.example/#\0", 19), std::string_view("http://a.example/?\0", 19),
        std::string_view("http://a.example/%00"), std::string_view("http://a.example/%2500"),
        std::string_view("http://a.example/x?%00"), std::string_view("http://a.example/x?%25%30%30"),
        std::string_view("http://a.example/%\t00")})
    expect_url_refused(text);
}

TEST(Url, PathsAreResolved) {
  expect_all({
      {"http://a.example", "http://a.example/"},
      {"http://a.example/.", "http://a.example/"},
      {"http://a.example/..", "http://a.example/"},
      {"http://a.example/../../x", "http://a.example/x"},
      {"http://a.example/a/b/../c", "http://a.example/a/c"},
      {"http://a.example/a/b/..", "http://a.example/a/"},
      {"http://a.example/a/b/../", "http://a.example/a/"},
      {"http://a.example/a/./b/.", "http://a.example/a/b/"},
      {"http://a.example/a//b///c", "http://a.example/a/b/c"},
      {"http://a.example//", "http://a.example/"},
      {"http://a.example/a//../b", "http://a.example/a/b"},
      {"http://a.example/a\\b\\..\\c", "http://a.example/a/c"},
      {"http://a.example/%2e%2E/x/%2e/y", "http://a.example/x/y"},
      {"http://a.example/a/.%2e/b", "http://a.example/b"},
      {"http://a.example/a/%252e%252e/b", "http://a.example/b"},
      {"http://a.example/a%2Fb", "http://a.example/a/b"},
      {"http://a.example/a%2f..%2fb", "http://a.example/b"},
      {"http://a.example/a%5Cb", "http://a.example/a/b"},
      {"http://a.example/%2F%2fa", "http://a.example/a"},
      {"http://a.example/...", "http://a.example/..."},
      {"http://a.example/.well-known/x", "http://a.example/.well-known/x"},
      {"http://a.example/a.b/c..d/..e", "http://a.example/a.b/c..d/..e"},
      {"http://a.example/Case/Stays", "http://a.example/Case/Stays"},
      {"http://a.example/a;p=1/..;/b", "http://a.example/a;p=1/..;/b"},
  });
}

TEST(Url, QueriesAreNotResolved) {
  expect_all({
      {"http://a.example?x", "http://a.example/?x"},
      {"http://a.example/?", "http://a.example/"},
      {"http://a.example/x?", "http://a.example/x"},
      {"http://a.example/??", "http://a.example/??"},
      {"http://a.example/?a/../b//c", "http://a.example/?a/../b//c"},
      {"http://a.example/?a\\b", "http://a.example/?a\\b"},
      {"http://a.example/?B=2&a=1", "http://a.example/?B=2&a=1"},
      {"http://a.example/?u=http%3A%2F%2Fb.example%2F", "http://a.example/?u=http://b.example/"},
      {"http://a.example/?a%26b%3Dc+d", "http://a.example/?a&b=c+d"},
      {"http://a.example/?a b", "http://a.example/?a%20b"},
      {"http://a.example/?q=%3F", "http://a.example/?q=?"},
      {"http://a.example/a%3Fb", "http://a.example/a%3Fb"},  // no query of its own
      {"http://a.example/a%3Fb?c", "http://a.example/a%3Fb?c"},
  });
  EXPECT_EQ(Url::parse("http://a.example/??")->query(), "?");
  EXPECT_EQ(Url::parse("http://a.example/a%3Fb")->query(), "");
}

TEST(Url, EscapesAreDecodedToTheEndAndWrittenOneWay) {
  expect_all({
      {"http://a.example/%63%61sino", "http://a.example/casino"},
      {"http://a.example/%2563asino", "http://a.example/casino"},
      {"http://a.example/%25252563asino", "http://a.example/casino"},
      {"http://a.example/%", "http://a.example/%25"},
      {"http://a.example/100%/x", "http://a.example/100%25/x"},
      {"http://a.example/%zz", "http://a.example/%25zz"},
      {"http://a.example/a%20b c", "http://a.example/a%20b%20c"},
      {"http://a.example/%c3%bc", "http://a.example/%C3%BC"},
      {"http://a.example/ü", "http://a.example/%C3%BC"},
      {"http://a.example/%C0%AF..%c0%af", "http://a.example/%C0%AF..%C0%AF"},  // overlong: no slash to anyone sane
      {"http://a.example/\x7f\x01\xff", "http://a.example/%7F%01%FF"},
      {"http://a.example/<\"{|}'`^>", "http://a.example/<\"{|}'`^>"},
  });
}

// The cases that Safe Browsing's own description of canonical_url URLs turns on, with names of our own.
TEST(Url, MeetsSafeBrowsingWhereItSpeaks) {
  expect_all({
      {"http://host.example/%25%32%35", "http://host.example/%25"},
      {"http://host.example/%25%32%35%25%32%35", "http://host.example/%25%25"},
      {"http://host.example/%2525252525252525", "http://host.example/%25"},
      {"http://host.example/asdf%25%32%35asd", "http://host.example/asdf%25asd"},
      {"http://host.example/%%%25%32%35asd%%", "http://host.example/%25%25%25asd%25%25"},
      {"http://%31%39%32%2e%30%2e%32%2e%31/%2E%73%65%63%75%72%65/%77%77%77", "http://192.0.2.1/.secure/www"},
      {"http://host.example/blah/..", "http://host.example/"},
      {"http://host.example/foo;", "http://host.example/foo;"},
      {"http://host.example/foo?bar;", "http://host.example/foo?bar;"},
      {"http://host.example/%3A80", "http://host.example/:80"},
      {"http://host.example:1234/", "http://host.example:1234/"},
      {"  http://host.example/  ", "http://host.example/"},
      {"http://host.example//twoslashes?more//slashes", "http://host.example/twoslashes?more//slashes"},
      {"http://host.example/?q=a%2Fb", "http://host.example/?q=a/b"},
      {"host.example/blah", "http://host.example/blah"},
      {"http://host.example/foo\tbar\rbaz\n2", "http://host.example/foobarbaz2"},
  });
}

TEST(Url, DifferentSpellingsMeet) {
  const std::string expected = canonical_url("http://forum.example/casino/slots");
  for (const char* text :
       {"HTTP://FORUM.EXAMPLE:80/casino/slots", "http://forum.example./casino/slots", "forum.example/casino/slots",
        "http://forum.example/./casino/x/../slots", "http://forum.example//casino//slots",
        "http://u:p@forum.example/casino/slots", "http://forum.example/%63asino/slots#x",
        "http:\\\\forum.example\\casino\\slots", "http://forum。example/casino%2Fslots",
        "http://forum.example/%2563asino/slots", "ht\ttp://fo\nrum.example/casino/slots?"})
    EXPECT_EQ(canonical_url(text), expected) << text;
}

TEST(Url, HasALimitOf64KiB) {
  const std::string front = "http://a.example/";
  const std::string longest = front + std::string(65536 - front.size(), 'x');
  EXPECT_EQ(canonical_url(longest), longest);
  expect_url_refused(longest + 'x');
  expect_url_refused(front + std::string(30'000, ' ') + 'x');  // escaped, it would be longer than 64 KiB
  EXPECT_EQ(canonical_url(front + std::string(60'000, '/') + 'x'), front + 'x');
  std::string nested = front + '%';
  while (nested.size() + 2 <= 65536) nested += "25";
  EXPECT_EQ(canonical_url(nested), front + "%25");
}

TEST(Url, FromPartsMeetsParse) {
  const struct {
    std::string_view scheme, host;
    std::uint16_t port;
    std::string_view target, expected;
  } cases[] = {
      {"http", "www.example.org", 80, "/a/b?c=d", "http://www.example.org/a/b?c=d"},
      {"HTTPS", "www.example.org", 443, "/", "https://www.example.org/"},
      {"https", "www.example.org", 8443, "/a/../b", "https://www.example.org:8443/b"},
      {"http", "www.example.org", 80, "", "http://www.example.org/"},
      {"http", "www.example.org", 0, "/x", "http://www.example.org/x"},
      {"http", "www.example.org", 80, "?x", "http://www.example.org/?x"},
      {"http", "www.example.org", 80, "//evil.example/x", "http://www.example.org/evil.example/x"},
      {"http", "www.example.org", 80, "/http://evil.example/", "http://www.example.org/http:/evil.example/"},
      {"http", "www.example.org", 80, "/a@b:c", "http://www.example.org/a@b:c"},
      {"http", "www.example.org", 80, "/%63asino#x", "http://www.example.org/casino"},
      {"http", "[2001:db8::1]", 81, "/x", "http://[2001:db8::1]:81/x"},
      {"ws", "3221225985", 80, "/x", "ws://192.0.2.1/x"},
  };
  for (const auto& c : cases) {
    const auto url = Url::from_parts(c.scheme, host(c.host), c.port, c.target);
    ASSERT_TRUE(url) << c.target << url.error().text();
    EXPECT_EQ(url->text(), c.expected);
    EXPECT_EQ(Url::parse(c.expected), *url);
    EXPECT_EQ(url->host(), host(c.host).text());
    EXPECT_EQ(url->address(), host(c.host).address());
    EXPECT_FALSE(url->names_only());
  }
}

TEST(Url, FromPartsRefusesWhatIsNoTarget) {
  for (const std::string_view target :
       {std::string_view("x"), std::string_view("*"), std::string_view("http://b.example/"),
        std::string_view("@b.example/"), std::string_view(":81/"), std::string_view(".b.example/"),
        std::string_view("/\0", 2), std::string_view("/%00")})
    EXPECT_FALSE(Url::from_parts("http", host("a.example"), 80, target)) << target;
  for (const char* scheme : {"", "file", "http:", "httpx", "htt"})
    EXPECT_FALSE(Url::from_parts(scheme, host("a.example"), 80, "/")) << scheme;
  EXPECT_FALSE(Url::from_parts("http", host("a.example"), 80, '/' + std::string(65536, 'x')));
}

TEST(Url, OfAHostKnowsNothingButTheName) {
  const Url url = Url::of_host(host("www.example.org"), 443);
  EXPECT_TRUE(url.names_only());
  EXPECT_EQ(url.text(), "https://www.example.org/");
  EXPECT_EQ(url.scheme(), "https");
  EXPECT_EQ(url.host(), "www.example.org");
  EXPECT_EQ(url.port(), 443);
  EXPECT_EQ(url.path(), "/");
  EXPECT_EQ(url.target(), "/");
  EXPECT_EQ(url.query(), "");
  EXPECT_NE(url, *Url::parse("https://www.example.org/")) << "nobody asked for the path '/'";

  EXPECT_EQ(Url::of_host(host("www.example.org"), 80).text(), "http://www.example.org/");
  EXPECT_EQ(Url::of_host(host("www.example.org"), 8443).text(), "https://www.example.org:8443/");
  EXPECT_EQ(Url::of_host(host("www.example.org"), 0).port(), 443);
  const Url literal = Url::of_host(host("[2001:db8::1]"), 443);
  EXPECT_EQ(literal.host(), "[2001:db8::1]");
  EXPECT_EQ(literal.address(), IpAddress::parse("2001:db8::1"));
}

TEST(Url, RedactedHidesTheQuery) {
  EXPECT_EQ(Url::parse("http://a.example/search?q=secret&x=1")->redacted(), "http://a.example/search?…");
  EXPECT_EQ(Url::parse("http://a.example:8080/?q")->redacted(), "http://a.example:8080/?…");
  EXPECT_EQ(Url::parse("http://a.example/path")->redacted(), "http://a.example/path");
  EXPECT_EQ(Url::parse("http://user:secret@a.example/path?")->redacted(), "http://a.example/path");
  EXPECT_EQ(Url::of_host(host("a.example"), 443).redacted(), "https://a.example/");
}

TEST(Url, ViewsFollowACopyAndAMove) {
  Url url = *Url::parse("http://a.example/x?y");
  const Url copy = url;
  const Url moved = std::move(url);
  EXPECT_EQ(copy.host(), "a.example");
  EXPECT_EQ(moved.target(), "/x?y");
  EXPECT_EQ(copy, moved);
}

}  // namespace
}  // namespace schoolgate::names
