// The whole way of a body: coding, character set, text, words, phrases. Where it is cut never matters.
#include "content/page_reader.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <random>

#include "content/shipped_phrases.h"

namespace schoolgate::content {
namespace {

std::shared_ptr<const PhraseBook> book_of_pack(std::string_view pack) {
  Problems problems;
  auto book = PhraseBook::compile(read_phrases(pack, "test.txt", problems));
  EXPECT_TRUE(problems.empty());
  EXPECT_TRUE(book.has_value());
  return *book;
}

struct Outcome {
  std::vector<std::pair<std::string, int>> scores;
  std::vector<std::uint64_t> positions;
  std::uint64_t text = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome read_in(const std::shared_ptr<const PhraseBook>& book, std::span<const std::string_view> pieces,
                std::string_view type = "text/html") {
  PageReader reader(book, *how_to_read(type, ""), type, "");
  for (const std::string_view piece : pieces) reader.feed(piece);
  reader.finish();
  Outcome outcome{.text = reader.text_bytes()};
  for (const CategoryEvidence& found : reader.evidence()) {
    outcome.scores.emplace_back(found.category, found.score);
    outcome.positions.insert(outcome.positions.end(), found.positions.begin(), found.positions.end());
  }
  return outcome;
}

Outcome read_whole(const std::shared_ptr<const PhraseBook>& book, std::string_view page,
                   std::string_view type = "text/html") {
  const std::string_view pieces[] = {page};
  return read_in(book, pieces, type);
}

TEST(PageReader, ScoresByCategory) {
  const auto book = book_of_pack("[self-harm]\n60 cut myself\n20 blade + bleed\n-30 helpline\n[drugs]\n50 weed\n");
  const Outcome outcome = read_whole(book, "<p>I <b>cut</b> myself with a blade until I bleed. Cut myself.<p>Weed");
  EXPECT_EQ(outcome.scores, (std::vector<std::pair<std::string, int>>{{"self-harm", 110}, {"drugs", 50}}));
  EXPECT_EQ(read_whole(book, "cut myself helpline helpline helpline").scores[0].second, 30);
  EXPECT_TRUE(read_whole(book, "blade").scores.empty());
  EXPECT_TRUE(read_whole(book, "cute myself, uncut myself").scores.empty());
}

TEST(PageReader, RepeatsCountLessAndLongPagesNeedMore) {
  const auto book = book_of_pack("[drugs]\n40 weed\n");
  std::string page = "weed weed weed weed weed weed";
  EXPECT_EQ(read_whole(book, page).scores[0].second, 40 + 20 + 10 + 5);
  for (int i = 0; i < 4000; ++i) page += " word";
  EXPECT_EQ(read_whole(book, page).scores[0].second, 37);
}

TEST(PageReader, KnowsWhatToRead) {
  for (const char* const type :
       {"", "text/html", "TEXT/HTML; charset=x", "application/xhtml+xml", "image/svg+xml", "nonsense",
        "application/unknown", "unknown/unknown", "*/*", "multipart/x-mixed-replace; boundary=x"})
    EXPECT_EQ(how_to_read(type, ""), TextKind::markup) << type;
  for (const char* const type : {"text/plain", "text/css", "text/vtt", "text/anything", "text/event-stream2"})
    EXPECT_EQ(how_to_read(type, "inline"), TextKind::plain) << type;
  EXPECT_EQ(how_to_read("application/json", "attachment; filename=f.txt"), TextKind::json);
  EXPECT_EQ(how_to_read("application/ld+json", ""), TextKind::json);
  for (const char* const type : {"text/javascript", "application/javascript", "font/woff2", "audio/mpeg", "video/mp4",
                                 "image/png", "application/pdf", "application/octet-stream"})
    EXPECT_FALSE(how_to_read(type, "")) << type;
  EXPECT_FALSE(how_to_read("text/html", "attachment; filename=x.html"));
}

TEST(PageReader, TheLastValidTypeCounts) {
  EXPECT_EQ(how_to_read("image/png, text/html", ""), TextKind::markup);
  EXPECT_EQ(how_to_read("image/png; a=\"x, text/plain\", text/html; charset=utf-8, */*, nonsense", ""),
            TextKind::markup);
  EXPECT_EQ(how_to_read("image/png, */*", ""), std::nullopt);
  EXPECT_EQ(how_to_read("text/html, text/plain", ""), TextKind::plain);
  EXPECT_EQ(how_to_read("*/*, , x", ""), TextKind::markup);
}

// A body that could not be read is told: the strict answer follows.
TEST(PageReader, WhatWasNotReadIsIncomplete) {
  const auto book = book_of_pack("[drugs]\n50 weed\n");
  const auto incomplete = [&](std::string_view coding, std::string_view body) {
    PageReader reader(book, TextKind::markup, "text/html", coding);
    reader.feed(body);
    reader.finish();
    return reader.is_incomplete() || reader.is_bomb();
  };
  for (const char* const coding : {"br", "gzip", "deflate", "zstd", "gzip, foo", "foo", "foo, gzip", "dcb", "compress",
                                   "gzip, identity", "identity, utf-8, gzip", "gzip, gzip, gzip"})
    EXPECT_TRUE(incomplete(coding, "<p>a plain body with weed in it")) << coding;
  for (const char* const coding : {"", "identity", "utf-8", "none", " , "})
    EXPECT_FALSE(incomplete(coding, "<p>a plain body with weed in it")) << coding;
  for (const char* const coding : {"br", "gzip", "foo"}) EXPECT_EQ(incomplete(coding, ""), coding[0] == 'f') << coding;
}

TEST(PageReader, EventsWithoutQuotationMarks) {
  const auto book = book_of_pack("[drugs]\n50 buy weed\n");
  const auto score = [&](std::string_view body) {
    const Outcome outcome = read_whole(book, body, "text/event-stream");
    return outcome.scores.empty() ? 0 : outcome.scores[0].second;
  };
  EXPECT_EQ(score("data: buy weed\n\n"), 50);
  EXPECT_EQ(score("data: 5\" buy weed\n\n"), 50);
  EXPECT_EQ(score("data: \"buy weed\": 1\n\n"), 50);
  EXPECT_EQ(score("data: {\"a\":\"buy wee\\u0064\"}\n\n"), 50);
}

// In thread time, the best of five: other work beside it does not count.
TEST(PageReader, AHostilePageCostsLittleMoreThanProse) {
  const auto book = *shipped_phrase_book();
  const auto filled = [](std::string_view with) {
    std::string page;
    while (page.size() < (1 << 20)) page += with;
    return page;
  };
  const auto cost = [&](const std::string& page) {
    double best = 1e9;
    for (int turn = 0; turn < 5; ++turn) {
      timespec from{}, to{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
      PageReader reader(book, TextKind::markup, "text/html; charset=utf-8", "");
      reader.feed(page);
      reader.finish();
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
      best = std::min(best, double(to.tv_sec - from.tv_sec) * 1e3 + double(to.tv_nsec - from.tv_nsec) / 1e6);
    }
    return best;
  };
  const double prose =
      cost(filled("The river rises in the hills above the town, and its water was used by three mills. "));
  for (const char* const hostile : {"c a s ", "p o r n o g r a p h ", "s u i c i d ", "a the ", "c, a; s. "}) {
    const double found = cost(filled(hostile));
    RecordProperty(hostile, std::to_string(found / prose));
    std::printf("%s: %.1f ms, prose %.1f ms a MiB\n", hostile, found, prose);
    EXPECT_LT(found, 4 * prose) << hostile;  // under 3 in a release build; instrumented builds differ
  }
}

TEST(PageReader, JsonIsReadWithoutNames) {
  const auto book = book_of_pack("[drugs]\n50 weed\n50 caf\u00E9 bar\n");
  EXPECT_TRUE(read_whole(book, R"({"weed": 1})", "application/json").scores.empty());
  EXPECT_EQ(read_whole(book, R"({"a": ["wee\u0064 \"x\" caf\u00e9\nbar"]})", "application/json").scores[0].second, 100);
  EXPECT_EQ(
      read_whole(book, "data: {\"a\":\"we\"}\n\ndata: {\"t\":\"weed\"}\n\n", "text/event-stream").scores[0].second, 50);
}

// 2,000 pages made of scraps of pages, each whole and cut at random places.
TEST(PageReader, SplitsDoNotMatter) {
  const auto book = *shipped_phrase_book();
  static constexpr std::string_view kScraps[] = {"<p>",
                                                 "</p>",
                                                 "<b",
                                                 ">",
                                                 "<!--",
                                                 "-->",
                                                 "<script>",
                                                 "</script>",
                                                 "<div hidden>",
                                                 "</div>",
                                                 "<title>",
                                                 "</title>",
                                                 "<img alt='",
                                                 "'",
                                                 "\"",
                                                 " ",
                                                 "kill yours",
                                                 "elf",
                                                 "k1ll y0urself",
                                                 "p o r n ",
                                                 "free spins",
                                                 "&#112;",
                                                 "&amp",
                                                 "&eac",
                                                 "ute;",
                                                 "\xE2\x80\x8B",
                                                 "\xD0\xBA",
                                                 "\xD1\x96ll",
                                                 "\xF0\x9D\x90\xA4",
                                                 "\xFF",
                                                 "\xE2",
                                                 "=",
                                                 "/",
                                                 "<![CDATA[",
                                                 "<svg>",
                                                 "<desc>",
                                                 "<style>",
                                                 "<plaintext>",
                                                 "<iframe srcdoc='",
                                                 "&lt;p&gt;",
                                                 "</svg>",
                                                 "how to hide cuts",
                                                 "style='display:none'",
                                                 "\n",
                                                 "kiiiilllll",
                                                 "!",
                                                 "\\u0061",
                                                 "{\"a\":"};
  std::mt19937 random(7);
  const auto up_to = [&](std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random); };
  for (int page_number = 0; page_number < 2000; ++page_number) {
    std::string page;
    for (std::size_t n = up_to(60); n > 0; --n) page += kScraps[up_to(std::size(kScraps) - 1)];
    const std::string_view type = page_number % 7 == 0   ? "text/event-stream"
                                  : page_number % 3 == 0 ? "application/json"
                                  : page_number % 3 == 1 ? "text/html"
                                                         : "text/html; charset=utf-8";
    const Outcome whole = read_whole(book, page, type);
    std::vector<std::string_view> pieces;
    for (std::string_view rest = page; !rest.empty();) {
      const std::size_t length = std::min(rest.size(), 1 + up_to(page_number % 2 == 0 ? 3 : 40));
      pieces.push_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
    ASSERT_EQ(read_in(book, pieces, type), whole) << page;
  }
}

}  // namespace
}  // namespace schoolgate::content
