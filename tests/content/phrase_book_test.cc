// What can go wrong: a phrase in two pieces is not found, one part counts for all, two phrases with the same words, a
// book without phrases, many scans at once.
#include "content/phrase_book.h"

#include <gtest/gtest.h>

#include <thread>

#include "content/page_score.h"

namespace schoolgate::content {
namespace {

Phrase phrase(std::string category, std::vector<std::string> parts, int weight) {
  return {.category = std::move(category), .parts = std::move(parts), .weight = weight};
}

std::shared_ptr<const PhraseBook> book_of(std::vector<Phrase> phrases) {
  auto book = PhraseBook::compile(std::move(phrases));
  EXPECT_TRUE(book.has_value());
  return *book;
}

int score_of(const PhraseBook& book, std::initializer_list<std::string_view> pieces) {
  PageScore score(book);
  PhraseScan scan(book);
  for (const std::string_view piece : pieces)
    EXPECT_TRUE(scan.feed(piece, [&](std::uint32_t literal, std::uint64_t end) { score.count(literal, end); }));
  const auto evidence = score.evidence(1);
  return evidence.empty() ? 0 : evidence[0].score;
}

TEST(PhraseBook, FindsOverPieces) {
  const auto book = book_of({phrase("a", {" buy weed "}, 60)});
  EXPECT_EQ(score_of(*book, {" buy weed "}), 60);
  EXPECT_EQ(score_of(*book, {" bu", "y w", "eed", " "}), 60);
  EXPECT_EQ(score_of(*book, {" buy weeds "}), 0);
}

TEST(PhraseBook, WordsWrittenTogether) {
  const auto book = book_of({phrase("a", {" buy weed online "}, 60), phrase("b", {" a b "}, 50)});
  EXPECT_EQ(score_of(*book, {" buyweedonline "}), 60);
  EXPECT_EQ(score_of(*book, {" ab "}), 0);
}

TEST(PhraseBook, PartsInAnyOrderAndAllOfThem) {
  const auto book = book_of({phrase("a", {" blade ", " bleed "}, 40)});
  EXPECT_EQ(score_of(*book, {" bleed x blade "}), 40);
  EXPECT_EQ(score_of(*book, {" blade blade blade "}), 0);
  EXPECT_EQ(score_of(*book, {" blade bleed blade bleed "}), 60);
}

TEST(PhraseBook, OneTextForTwoCategories) {
  const auto book = book_of({phrase("a", {" x y z "}, 10), phrase("b", {" x y z "}, 20)});
  PageScore score(*book);
  PhraseScan scan(*book);
  ASSERT_TRUE(scan.feed(" x y z ", [&](std::uint32_t literal, std::uint64_t end) { score.count(literal, end); }));
  EXPECT_TRUE(score.changed());
  EXPECT_FALSE(score.changed());
  const auto evidence = score.evidence(1);
  ASSERT_EQ(evidence.size(), 2u);
  EXPECT_EQ(evidence[0].category, "b");
  EXPECT_EQ(evidence[0].positions, std::vector<std::uint64_t>{7});
  EXPECT_EQ(evidence[1].score, 10);
}

TEST(PhraseBook, WithoutPhrases) {
  const auto book = book_of({});
  EXPECT_EQ(score_of(*book, {" x "}), 0);
  EXPECT_EQ(book->bytes(), 0u);
}

TEST(PhraseBook, ManyScansAtOnce) {
  const auto book = book_of({phrase("a", {" buy weed "}, 60)});
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) EXPECT_EQ(score_of(*book, {" buy ", "weed "}), 60);
    });
}

TEST(PageScore, CounterweightsTakeHalfAtMost) {
  const auto book = book_of({phrase("a", {" bad "}, 80), phrase("a", {" good "}, -200), phrase("a", {" fine "}, -10)});
  EXPECT_EQ(score_of(*book, {" bad fine "}), 70);
  EXPECT_EQ(score_of(*book, {" bad good good fine "}), 40);
  EXPECT_EQ(score_of(*book, {" good "}), 0);
}

}  // namespace
}  // namespace schoolgate::content
