// What holds for every input, tried on many hostile ones: canonical text is its own canonical form, and holds only the
// bytes it may hold. The same is asserted by the fuzz targets.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "names/canonical_target.h"
#include "names/percent.h"
#include "names/url.h"

namespace schoolgate::names {
namespace {

class Spellings {
 public:
  explicit Spellings(unsigned seed) : random_(seed) {}

  std::string next(std::size_t most_pieces) {
    static constexpr std::string_view kPieces[] = {"http:",
                                                   "https:",
                                                   "//",
                                                   "/",
                                                   "\\",
                                                   "a",
                                                   "Z",
                                                   "example",
                                                   ".",
                                                   "..",
                                                   "...",
                                                   "@",
                                                   ":",
                                                   ":80",
                                                   ":8080",
                                                   ":0",
                                                   "?",
                                                   "#",
                                                   "%",
                                                   "%25",
                                                   "25",
                                                   "%2e",
                                                   "%2F",
                                                   "%5c",
                                                   "%41",
                                                   "%C3%BC",
                                                   "%c0%af",
                                                   "%e3%80%82",
                                                   "%00",
                                                   "xn--",
                                                   "xn--bcher-kva",
                                                   "xn--ls8h",
                                                   "-",
                                                   "_",
                                                   "1",
                                                   "0x7f",
                                                   "017",
                                                   "256",
                                                   "4294967296",
                                                   "[",
                                                   "]",
                                                   "::1",
                                                   "[::ffff:192.0.2.1]",
                                                   "[2001:db8::1]",
                                                   " ",
                                                   "\t",
                                                   "\r\n",
                                                   "\x01",
                                                   "\x7f",
                                                   "ü",
                                                   "ß",
                                                   "。",
                                                   "．",
                                                   "１",
                                                   "ａ",
                                                   "\u00ad",
                                                   "\u200d",
                                                   "\xff",
                                                   "\xe3\x80",
                                                   "日本",
                                                   "+",
                                                   "&",
                                                   "=",
                                                   ";",
                                                   "~",
                                                   "{",
                                                   "*"};
    std::string text;
    for (auto n = 1 + random_() % most_pieces; n > 0; --n) text += kPieces[random_() % std::size(kPieces)];
    return text;
  }

  std::mt19937& random() { return random_; }

 private:
  std::mt19937 random_;
};

TEST(CanonicalForm, AHostIsItsOwnCanonicalForm) {
  Spellings spellings(10);
  int good = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string text = spellings.next(5);
    const auto once = Host::parse(text);
    if (!once) continue;
    ++good;
    const auto twice = Host::parse(once->text());
    ASSERT_TRUE(twice) << text << " -> " << once->text();
    ASSERT_EQ(twice->text(), once->text()) << text;
    ASSERT_EQ(twice->address(), once->address()) << text;
    ASSERT_TRUE(std::ranges::all_of(once->text(), [](char c) {
      return std::string_view("abcdefghijklmnopqrstuvwxyz0123456789-_.[]:").find(c) != std::string_view::npos;
    })) << once->text();
  }
  EXPECT_GT(good, 5'000) << "the spellings must not all be nonsense";
}

TEST(CanonicalForm, AUrlIsItsOwnCanonicalForm) {
  Spellings spellings(11);
  int good = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string text = (i % 2 != 0 ? "http://a.example/" : "") + spellings.next(10);
    const auto once = Url::parse(text);
    if (!once) continue;
    ++good;
    const auto twice = Url::parse(once->text());
    ASSERT_TRUE(twice) << text << " -> " << once->text();
    ASSERT_EQ(twice->text(), once->text()) << text;
    ASSERT_EQ(twice->host(), once->host()) << text;
    ASSERT_EQ(twice->port(), once->port()) << text;
    ASSERT_EQ(twice->path(), once->path()) << text;
    ASSERT_EQ(twice->query(), once->query()) << text;
    ASSERT_TRUE(std::ranges::all_of(once->text(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; }))
        << once->text();
    const auto host = Host::parse(once->host());
    ASSERT_TRUE(host) << once->host();
    ASSERT_EQ(Url::from_parts(once->scheme(), *host, once->port(), once->target()), *once) << "pieces and whole agree";
  }
  EXPECT_GT(good, 50'000) << "the spellings must not all be nonsense";
}

// The path as the header describes it, one rule after the other and without regard to cost.
std::string path_by_the_book(std::string path) {
  unescape_to_fixpoint(path);
  std::ranges::replace(path, '\\', '/');
  if (path.empty() || path[0] != '/') path = '/' + path;
  std::vector<std::string> segments;
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t next = std::min(path.find('/', at), path.size());
    const std::string segment = path.substr(at, next - at);
    const bool last = next == path.size();
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
      if (last) segments.emplace_back();
    } else if (segment == ".") {
      if (last) segments.emplace_back();
    } else {
      segments.push_back(segment);
    }
    at = next + 1;
  }
  std::string joined;
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (!segments[i].empty() || i + 1 == segments.size()) joined += '/' + segments[i];
  std::string out;
  append_escaped_path(out, joined);
  return out;
}

TEST(CanonicalForm, PathsAgreeWithTheBook) {
  std::mt19937 random(12);
  static constexpr std::string_view kPieces[] = {"/",   "/",   "/",     "\\",  ".", "..", "a",  "b",
                                                 "%2e", "%2F", "%252e", "...", "%", " ",  "%5C"};
  for (int i = 0; i < 100'000; ++i) {
    std::string path = "/";
    for (auto n = random() % 12; n > 0; --n) path += kPieces[random() % std::size(kPieces)];
    std::string out;
    const auto end = append_canonical_target(path, out);
    ASSERT_TRUE(end);
    ASSERT_EQ(out, path_by_the_book(path)) << path;
    ASSERT_EQ(*end, out.size());
  }
}

TEST(CanonicalForm, RandomBytesNeverEscapeTheirPlace) {
  std::mt19937 random(13);
  for (int i = 0; i < 100'000; ++i) {
    std::string tail;
    for (auto n = random() % 24; n > 0; --n) tail += char(random() % 256);
    const auto url = Url::from_parts("http", *Host::parse("a.example"), 80, '/' + tail);
    if (!url) continue;
    ASSERT_EQ(url->host(), "a.example") << tail;
    ASSERT_TRUE(url->text().starts_with("http://a.example/")) << tail;
    ASSERT_EQ(Url::parse(url->text()), *url) << tail;
  }
}

}  // namespace
}  // namespace schoolgate::names
