// Hard cases URL-20, URL-21, URL-22, BYP-13, BYP-14, and the decodable kits of BYP-06.
#include "rules/nested_urls.h"

#include "rules/data_lines.h"
#include "rules/embedded_data.h"
#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using namespace test;

/// "fetched https://a.example/x|mentioned http://b.example/".
std::string inside(const names::Url& url) {
  std::string text;
  const InnerUrls inner = nested_urls(url);
  for (const InnerUrl& item : inner.found) {
    if (!text.empty()) text += "|";
    text += (item.kind == InnerKind::fetched ? "fetched " : "mentioned ") + item.url.text();
  }
  return text;
}
std::string inside(std::string_view url) { return inside(*names::Url::parse(url)); }

TEST(NestedUrls, OrdinaryAddressesHoldNone) {
  for (const char* url :
       {"https://example.org/", "https://example.org/http/https", "https://example.org/?q=http",
        "https://example.org/?q=https:", "https://example.org/ahttp://x", "https://www.bbc.co.uk/news/1",
        "https://example.org/?next=/account&x=http", "https://example.org/aHR0bm90", "http://[2001:db8::1]/"})
    EXPECT_EQ(inside(url), "") << url;
}

TEST(NestedUrls, GoogleTranslatesNamesAreDecodedAsGoogleSays) {  // URL-20
  EXPECT_EQ(inside("https://en-m-wikipedia-org.translate.goog/wiki/Cat?x=1&_x_tr_sl=en"),
            "fetched https://en.m.wikipedia.org/wiki/Cat?x=1&_x_tr_sl=en");
  EXPECT_EQ(inside("https://my--site-example.translate.goog/"), "fetched https://my-site.example/");
  EXPECT_EQ(inside("https://example.translate.goog/?_x_tr_hp=www-bad-"),
            "fetched https://www.bad.example/?_x_tr_hp=www-bad-");
  EXPECT_EQ(inside("https://1-en--gb-example.translate.goog/?_x_tr_enc=1"),
            "fetched https://en-gb.example/?_x_tr_enc=1");
  EXPECT_EQ(inside("https://0-bcher--kva-example.translate.goog/?_x_tr_enc=0,1"),
            "fetched https://xn--bcher-kva.example/?_x_tr_enc=0,1");
  EXPECT_EQ(inside("https://translate.goog/"), "");
}

TEST(NestedUrls, ATranslatedNameIsDecodedWhenOnlyTheNameIsKnown) {
  const auto url = names::Url::of_host(*names::Host::parse("www-bad-example.translate.goog"), 443);
  EXPECT_EQ(inside(url), "fetched https://www.bad.example/");
  EXPECT_TRUE(nested_urls(url).found[0].url.names_only());
}

TEST(NestedUrls, AmpCachesAndViewersAreLookedThrough) {  // URL-21
  EXPECT_TRUE(inside("https://www-bad-example.cdn.ampproject.org/c/s/www.bad.example/page?a=1")
                  .contains("fetched https://www.bad.example/"));
  EXPECT_TRUE(inside("https://www-bad-example.cdn.ampproject.org/c/s/www.bad.example/page?a=1")
                  .contains("fetched http://www.bad.example/page?a=1"));
  EXPECT_EQ(inside("https://www.google.co.uk/amp/s/www.bad.example/page"), "fetched http://www.bad.example/page");
}

TEST(NestedUrls, ArchivesReadersAndRelaysAreLookedThrough) {  // URL-22, BYP-14
  for (const char* url :
       {"https://web.archive.org/web/20240101000000/https://www.bad.example/x",
        "https://web.archive.org/web/2024id_/www.bad.example/x", "https://archive.ph/newest/https://www.bad.example/x",
        "https://archive.today/www.bad.example/x", "https://r.jina.ai/https://www.bad.example/x",
        "https://12ft.io/www.bad.example/x", "https://12ft.io/proxy?q=https%3A%2F%2Fwww.bad.example%2Fx",
        "https://docs.google.com/gview?embedded=true&url=https%3A%2F%2Fwww.bad.example%2Fx",
        "https://view.officeapps.live.com/op/view.aspx?src=https://www.bad.example/x",
        "https://translate.google.com/translate?sl=fr&u=www.bad.example/x",
        "https://cors-anywhere.herokuapp.com/https://www.bad.example/x",
        "https://corsproxy.io/?https%3A%2F%2Fwww.bad.example%2Fx",
        "https://api.allorigins.win/raw?url=aHR0cHM6Ly93d3cuYmFkLmV4YW1wbGUveA==",
        "https://i0.wp.com/www.bad.example/x",
        "https://html"
        "preview.github.io/?https://www.bad.example/x"}) {
    const std::string found = inside(url);
    EXPECT_TRUE(found.starts_with("fetched http") && found.contains("://www.bad.example/x")) << url << ": " << found;
  }
}

TEST(NestedUrls, ProxyScriptsAreKnownByTheShapeOfTheirAddress) {  // URL-22, F2: Glype, PHP-Proxy
  EXPECT_EQ(inside("http://any.example/p/browse.php?u=https%3A%2F%2Fbad.example%2Fx&b=4"),
            "fetched https://bad.example/x");
  EXPECT_EQ(inside("http://any.example/index.php?q=https%3A%2F%2Fbad.example"), "fetched https://bad.example/");
  EXPECT_EQ(inside("http://any.example/index.php?q=aHR0cHM6Ly9iYWQuZXhhbXBsZQ"), "fetched https://bad.example/");
  EXPECT_EQ(inside("http://any.example/miniProxy.php?https://bad.example/x?y=1"), "fetched https://bad.example/x?y=1");
  EXPECT_EQ(inside("http://any.example/index.php?q=bad.example"), "") << "a search for a word";
}

TEST(NestedUrls, AnAddressInAPathIsFetchedWhicheverTheCoding) {  // F2: Scramjet, Ultraviolet, Rammerhead-like
  EXPECT_EQ(inside("https://maths.example/~/sj/abc/https%3A%2F%2Fbad.example%2Fx"), "fetched https://bad.example/x");
  EXPECT_EQ(inside("https://maths.example/a/HTTP:/bad.example/"), "fetched http://bad.example/");
  EXPECT_EQ(inside("https://maths.example/go/aHR0cHM6Ly9iYWQuZXhhbXBsZS94"), "fetched https://bad.example/x");
  EXPECT_EQ(inside("https://maths.example/go/aHR0cHMlM0ElMkYlMkZiYWQuZXhhbXBsZQ"), "fetched https://bad.example/");
  // "https://bad.example/x" with one bit of every second character flipped
  EXPECT_EQ(inside("https://maths.example/service/hvtrs8%2F-bcd%2Cezaopne-x"), "fetched https://bad.example/x")
      << names::Url::parse("https://maths.example/service/hvtrs8%2F-bcd%2Cezaopne-x")->text();
}

TEST(NestedUrls, AnAddressInAQueryIsMentioned) {
  EXPECT_EQ(inside("https://www.facebook.com/sharer.php?u=https%3A%2F%2Fbad.example%2F&t=x"),
            "mentioned https://bad.example/");
  EXPECT_EQ(inside("https://login.example/oauth?redirect_uri=https://app.example/cb"),
            "mentioned https://app.example/cb");
  EXPECT_EQ(inside("https://x.example/?ref=aHR0cHM6Ly9iYWQuZXhhbXBsZQ=="), "mentioned https://bad.example/");
}

TEST(NestedUrls, WhatStandsInAMentionIsMentioned) {
  EXPECT_EQ(inside("https://x.example/?u=https://web.archive.org/web/2020/https://bad.example/"),
            "mentioned https://web.archive.org/web/2020/https:/bad.example/|mentioned https://bad.example/");
}

TEST(NestedUrls, ThreeDeepAndNoDeeper) {
  const std::string found =
      inside("https://r.jina.ai/https://12ft.io/https://archive.ph/https://i0.wp.com/https://bad.example/");
  EXPECT_TRUE(found.contains("|fetched https://i0.wp.com/")) << found;
  EXPECT_FALSE(found.contains("fetched https://bad.example/|")) << found;
}

TEST(NestedUrls, ANameThatIsNobodysDoesNotCount) {
  for (const char* url :
       {"https://r.jina.ai/https://localhost/x", "https://r.jina.ai/https://intranet/", "https://x.example/?u=http://",
        "https://12ft.io/https://a.b1", "https://x.example/?u=https://-.-/"})
    EXPECT_EQ(inside(url), "") << url;
  EXPECT_EQ(inside("https://r.jina.ai/http://192.0.2.7/x"), "fetched http://192.0.2.7/x");
  EXPECT_EQ(inside("https://r.jina.ai/http://3221225991/"), "fetched http://192.0.2.7/") << "however it is spelled";
}

TEST(NestedUrls, AreFewAndShort) {
  std::string many = "https://r.jina.ai/";
  for (int i = 0; i < 50; ++i) many += "https://bad" + std::to_string(i) + ".example/";
  const InnerUrls inner = nested_urls(*names::Url::parse(many));
  EXPECT_EQ(inner.found.size(), InnerUrls::kMost);
  EXPECT_TRUE(inner.truncated);
  const std::string long_path(60'000, 'a');
  for (const InnerUrl& item :
       nested_urls(*names::Url::parse("https://r.jina.ai/https://bad.example/" + long_path)).found)
    EXPECT_LE(item.url.text().size(), 2 * InnerUrls::kLongest);
}

TEST(NestedUrls, CostIsBoundedWhateverTheAddressHolds) {
  // Each is as long as an address may be, and made so that as much as possible looks like one.
  for (const std::string_view piece :
       {"https:/a/", "https:/a.b1/", "aHR0cHM6Ly9h/", "hvtrs8/-a/", "https:/x.example:1/", "hhhhttp:/"}) {
    for (const std::string_view opening : {"https://any.example/", "https://r.jina.ai/", "https://any.example/?u="}) {
      std::string text(opening);
      while (text.size() + piece.size() < 65'000) text += piece;
      const InnerUrls inner = nested_urls(*names::Url::parse(text));
      EXPECT_LE(inner.work, InnerUrls::kMostWork) << text.substr(0, 60);
      EXPECT_LE(inner.found.size(), InnerUrls::kMost) << text.substr(0, 60);
      const bool all_seen =
          inner.work + 2 * InnerUrls::kLongest < InnerUrls::kMostWork && inner.found.size() < InnerUrls::kMost;
      EXPECT_TRUE(all_seen || inner.truncated || opening.ends_with("u=")) << text.substr(0, 60);
    }
  }
}

TEST(NestedUrls, NothingIsAllocatedWhereNothingIsFound) {
  const InnerUrls inner = nested_urls(*names::Url::parse("https://www.example.org/a/b?q=how+to"));
  EXPECT_EQ(inner.found.capacity(), 0u);
}

TEST(WrapperTable, EveryRowIsWholeAndKnown) {
  int rows = 0;
  for_each_row(data::kUrlWrappers, [&](const auto& words) {
    ++rows;
    ASSERT_GE(words.size(), 2u) << words[0];
    const std::string_view kind = words[1];
    EXPECT_TRUE(kind == "translate" || kind == "amp" || kind == "path" || kind == "query" || kind == "script")
        << words[0];
    EXPECT_EQ(words.size() > 2, kind != "translate" && kind != "amp") << words[0];
    if (kind == "path")
      for (std::size_t i = 2; i < words.size(); ++i) EXPECT_TRUE(words[i].starts_with('/')) << words[i];
    if (words[0] == "*") return;
    const bool mixed = words[0].starts_with('~');
    std::string host(words[0].substr(mixed));
    if (host.starts_with('.')) host = "a" + host;
    if (host.ends_with(".*")) host.replace(host.size() - 1, 1, "com");
    ASSERT_TRUE(names::Host::parse(host)) << host;
    EXPECT_EQ(names::Host::parse(host)->text(), host);
    EXPECT_EQ(wrapper_host_of(host).empty(), mixed) << host;
  });
  EXPECT_GT(rows, 60);
}

}  // namespace
}  // namespace schoolgate::rules
