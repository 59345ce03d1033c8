#include "blocklists/patterns.h"

#include <gmock/gmock.h>
#include <re2/re2.h>

#include <random>

#include "blocklists/literal_finder.h"

namespace schoolgate::blocklists {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::size_t> matches(const PatternSet& set, const names::Url& url) {
  std::vector<std::size_t> out;
  bool undecided = false;
  set.match(url, [&](std::size_t index) { out.push_back(index); }, undecided);
  EXPECT_FALSE(undecided);
  return out;
}

std::unique_ptr<const PatternSet> built(const std::vector<std::string>& patterns, bool whole_url = false) {
  std::vector<PatternSet::Item> items;
  for (const std::string& pattern : patterns) items.push_back({pattern, pattern_flags(pattern, whole_url)});
  auto set = PatternSet::build(items);
  EXPECT_TRUE(set) << set.error().text();
  return std::move(*set);
}

TEST(LiteralFinder, FindsLiteralsInsideAndOverEachOther) {
  LiteralFinder finder;
  const std::vector<std::string> literals = {"he", "she", "hers", "his", "casino", "sin"};
  for (std::uint32_t i = 0; i < literals.size(); ++i) finder.add(literals[i], i);
  finder.build();
  const auto found = [&](std::string_view text) {
    std::vector<std::uint32_t> out;
    finder.find(text, [&](std::uint32_t owner) { out.push_back(owner); });
    return out;
  };
  EXPECT_THAT(found("USHERS"), UnorderedElementsAre(0u, 1u, 2u));
  EXPECT_THAT(found("casinos"), UnorderedElementsAre(4u, 5u));
  EXPECT_THAT(found("hxi/s-\xFF"), IsEmpty());
}

TEST(LiteralFinder, AgreesWithSearchingEachLiteral) {
  std::mt19937 random(5);
  const auto word = [&](std::size_t size) {
    std::string out;
    for (; size != 0; --size) out += char('a' + random() % 3);
    return out;
  };
  for (int round = 0; round < 50; ++round) {
    LiteralFinder finder;
    std::vector<std::string> literals;
    for (std::uint32_t i = 0; i < 30; ++i) {
      literals.push_back(word(1 + random() % 5));
      finder.add(literals.back(), i);
    }
    finder.build();
    const std::string text = word(40);
    std::vector<bool> seen(literals.size());
    finder.find(text, [&](std::uint32_t owner) { seen[owner] = true; });
    for (std::size_t i = 0; i < literals.size(); ++i)
      ASSERT_EQ(seen[i], text.find(literals[i]) != std::string::npos) << literals[i] << " in " << text;
  }
}

TEST(Patterns, TheFilterNeverHidesAMatch) {
  const std::vector<std::string> patterns = {"(?i)free[-_]?spins",
                                             "casino[0-9]+",
                                             "^www\\.a",
                                             "(poker|slots)/win",
                                             "x.z",
                                             "(?i)(^|[-+=/_])(big|huge)?(adult|babe)([-+=/_]|$)",
                                             "[0-9]{6}",
                                             "play\\.(com|net)$",
                                             "a|b",
                                             "q",
                                             "e+",
                                             "[xyz]",
                                             "(a?){5}w",
                                             "\\d\\d"};
  const auto set = built(patterns);
  std::mt19937 random(9);
  static const std::vector<std::string> kPieces = {
      "free-spins", "FREESPINS", "casino", "7",        "www.a", "poker", "slots", "/win", "xyz", "/adult",
      "big",        "babe",      "123456", "play.com", "/",     "-",     "w",     "q",    "."};
  for (int i = 0; i < 3000; ++i) {
    std::string path = "/";
    for (auto n = random() % 5; n != 0; --n) path += kPieces[random() % kPieces.size()];
    const auto url = names::Url::parse("http://host" + std::to_string(random() % 20) + ".example" + path);
    if (!url) continue;
    const std::string_view text = std::string_view(url->text()).substr(7);
    std::vector<std::size_t> expected;
    for (std::size_t p = 0; p < patterns.size(); ++p)
      if (RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), patterns[p])) expected.push_back(p);
    ASSERT_EQ(matches(*set, *url), expected) << url->text();
  }
}

TEST(Patterns, AWholeUrlPatternSeesTheScheme) {
  const auto whole = built({"^https://a\\.example/x"}, true), part = built({"^a\\.example/x"});
  const auto url = *names::Url::parse("https://a.example/x");
  EXPECT_THAT(matches(*whole, url), ElementsAre(0u));
  EXPECT_THAT(matches(*part, url), ElementsAre(0u));
  EXPECT_THAT(matches(*whole, *names::Url::parse("http://a.example/x")), IsEmpty());
}

TEST(Patterns, ByNameAloneOnlyWhatCannotChangeBehindTheNameMatches) {
  const auto set = built({"casino", "casino\\.example$", "casino\\b", "casino.example/", "^casino"});
  const auto name = names::Url::of_host(*names::Host::parse("casino.example"), 443);
  EXPECT_THAT(matches(*set, name), ElementsAre(0u, 4u));
}

TEST(Patterns, FlagsSayWhatLooksBehindTheMatch) {
  EXPECT_EQ(pattern_flags("abc", false), 0);
  EXPECT_EQ(pattern_flags("a\\$c", false), 0);
  EXPECT_EQ(pattern_flags("abc$", false), kNeedsWholeText);
  EXPECT_EQ(pattern_flags("a\\bc", true), kNeedsWholeText | kWholeUrl);
  EXPECT_EQ(pattern_flags("a\\\\bc", false), 0);
}

TEST(Patterns, HundredsWithALiteralInOneUrlAreAllTold) {
  std::vector<std::string> patterns;
  for (int i = 0; i < 700; ++i) patterns.push_back("common.*" + std::to_string(1000 + i) + "?");
  const auto set = built(patterns);
  const auto found = matches(*set, *names::Url::parse("http://a.example/common/1000"));
  EXPECT_THAT(found, testing::Contains(0u));
  EXPECT_EQ(found.size(), 10u);  // the last digit may be left out: 1000 to 1009
}

}  // namespace
}  // namespace schoolgate::blocklists
