#include "rules/search_terms.h"

#include <gtest/gtest.h>

#include "names/host.h"
#include "rules/data_lines.h"
#include "rules/embedded_data.h"
#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using namespace test;

/// "google: how to make", or "" when it is no search.
std::string searched(std::string_view url) {
  const auto term = search_term_of(*names::Url::parse(url));
  return term ? std::string(term->engine) + ": " + term->text : "";
}

TEST(SearchTerm, OfTheEnginesThatSchoolsUse) {
  for (const auto& [url, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {"https://www.google.com/search?q=probability+games&hl=en", "google: probability games"},
           {"https://www.google.co.uk/search?hl=en&q=a%20b", "google: a b"},
           {"https://www.google.com.br/search?tbm=isch&q=gato", "google: gato"},
           {"https://www.google.de/search?as_q=one&as_epq=two+three", "google: one two three"},
           {"https://www.bing.com/search?q=x&form=QBLH", "bing: x"},
           {"https://www.bing.com/images/search?q=x", "bing: x"},
           {"https://www.bing.com/images/async?q=x&first=36", "bing: x"},
           {"https://duckduckgo.com/?q=x&ia=web", "duckduckgo: x"},
           {"https://html.duckduckgo.com/html/?q=x", "duckduckgo: x"},
           {"https://lite.duckduckgo.com/lite/?q=x", "duckduckgo: x"},
           {"https://safe.duckduckgo.com/?q=x", "duckduckgo: x"},
           {"https://search.yahoo.com/search?p=x", "yahoo: x"},
           {"https://uk.search.yahoo.com/search?p=x", "yahoo: x"},
           {"https://uk.images.search.yahoo.com/search/images?p=x", "yahoo: x"},
           {"https://www.ecosia.org/search?q=x", "ecosia: x"},
           {"https://www.youtube.com/results?search_query=x+y", "youtube: x y"},
           {"https://m.youtube.com/results?search_query=x", "youtube: x"},
           {"https://swiggle.org.uk/?q=x", "swiggle: x"},
           {"https://en.wikipedia.org/w/index.php?search=x&title=Special:Search", "wikipedia: x"},
           {"https://cy.wikipedia.org/wiki/Special:Search?search=x", "wikipedia: x"},
           {"https://www.kiddle.co/s.php?q=x", "kiddle: x"},
           {"https://www.qwant.com/?q=x&t=web", "qwant: x"},
           {"https://www.startpage.com/do/search?query=x", "startpage: x"},
           {"https://search.brave.com/search?q=x", "brave: x"},
           {"https://yandex.com/search/?text=x", "yandex: x"},
           {"https://www.baidu.com/s?wd=x", "baidu: x"}})
    EXPECT_EQ(searched(url), expected) << url;
}

TEST(SearchTerm, IsNoneElsewhere) {
  for (const char* url :
       {"https://www.google.com/maps?q=x", "https://www.google.com/complete/search?q=x",
        "https://www.google.com/search", "https://www.google.com/search?q=", "https://www.google.com/search?q=+%20",
        "https://www.google.com/search?aq=x", "https://mail.google.com/search?q=x",
        "https://www.google.example/search?q=x", "https://example.org/search?q=x", "https://notduckduckgo.com/?q=x",
        "https://search.yahoo.com.evil.example/search?p=x", "https://duckduckgo.com/y?q=x"})
    EXPECT_EQ(searched(url), "") << url;
}

TEST(SearchTerm, EveryValueOfAParameterCounts) {
  EXPECT_EQ(searched("https://www.bing.com/search?q=kittens&q=weapons"), "bing: kittens weapons");
  EXPECT_EQ(searched("https://www.bing.com/search?%71=weapons"), "bing: weapons");
}

TEST(SearchTerm, OfTheWireTellsAnEscapedAmpersandFromASeparator) {
  const auto url = *names::Url::parse("https://www.google.com/search?q=rock%26roll%26safe=no&hl=en");
  EXPECT_EQ(search_term_of(url, "q=rock%26roll%26safe=no&hl=en")->text, "rock&roll&safe=no");
  EXPECT_EQ(search_term_of(url)->text, "rock roll") << "what the canonical form still shows";
  const Request request = Request::of_url(url, "GET", "/search?q=rock%26roll%26safe=no&hl=en#x");
  EXPECT_EQ(search_term_text(request), "rock&roll&safe=no");
  EXPECT_EQ(search_term_of(url, "q=C%2B%2B")->text, "C++");
}

TEST(SearchTerm, IsOneLineOfUtf8) {
  EXPECT_EQ(searched("https://www.bing.com/search?q=a%0D%0Ab%09%01c"), "bing: a b c");
  EXPECT_EQ(searched("https://www.bing.com/search?q=%FF%C3%A9%E2%80%A8x"), "bing: é x");
}

TEST(SearchTerm, KeptTextIsBoundedButAllOfItIsMatched) {
  std::string long_query(2000, 'a');
  const auto url = *names::Url::parse("https://www.bing.com/search?q=" + long_query + "+bomb");
  const auto term = search_term_of(url);
  ASSERT_TRUE(term);
  EXPECT_EQ(term->text.size(), kMaxSearchBytes);
  EXPECT_TRUE(term->words.ends_with(" bomb "));
  std::string umlauts;
  for (int i = 0; i < 400; ++i) umlauts += "é";
  const auto cut = search_term_of(*names::Url::parse("https://www.bing.com/search?q=x" + umlauts));
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->text.size(), kMaxSearchBytes - 1) << "on a character";
}

TEST(SearchTerm, OfANameAloneIsNone) {
  EXPECT_FALSE(search_term_of(names::Url::of_host(*names::Host::parse("www.google.com"), 443)));
}

TEST(SearchEngine, IsKnownByItsHost) {
  EXPECT_EQ(search_engine_of("www.google.co.uk"), "google");
  EXPECT_EQ(search_engine_of("fr.search.yahoo.com"), "yahoo");
  EXPECT_EQ(search_engine_of("en.wikipedia.org"), "wikipedia");
  EXPECT_EQ(search_engine_of("mail.google.com"), "");
  EXPECT_EQ(search_engine_of("www.google.invalid"), "");
}

TEST(SearchEngineTable, EveryRowIsWhole) {
  int rows = 0;
  for_each_row(data::kSearchEngines, [&](const auto& words) {
    ++rows;
    ASSERT_GE(words.size(), 4u) << words[0];
    std::string host(words[1]);
    if (host.starts_with('.')) host.erase(0, 1);
    if (host.ends_with(".*")) host.replace(host.size() - 1, 1, "com");
    ASSERT_TRUE(names::Host::parse(host)) << host;
    EXPECT_EQ(names::Host::parse(host)->text(), host);
    EXPECT_TRUE(words[2].starts_with('/') || words[2] == "*") << words[2];
    EXPECT_NE(search_engine_of(host), "") << host;
  });
  EXPECT_GT(rows, 70);
}

}  // namespace
}  // namespace schoolgate::rules
