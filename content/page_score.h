// What the phrases of a page say about it, category by category.
//
// A phrase that comes again counts half as much each time, the fourth time not at all. Phrases that speak for a page
// (below zero) take away half of what speaks against it at most: they make a page milder and none clean. A long page
// needs more: up to a thousand words the sum is the score, for four thousand half of it. One per body, one thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "content/phrase_book.h"

namespace schoolgate::content {

/// What speaks against a page, for one category.
struct CategoryEvidence {
  std::string_view category;  ///< lives as long as the book
  int score = 0;
  std::vector<std::uint64_t> positions;  ///< bytes of read text before each, a few
  std::vector<std::uint32_t> phrases;    ///< in the book, those with the positions
};

class PageScore {
 public:
  explicit PageScore(const PhraseBook& book);
  void count(std::uint32_t literal, std::uint64_t position);
  /// With a score above zero, the highest first. `words`: how many the page has had so far.
  [[nodiscard]] std::vector<CategoryEvidence> evidence(std::uint64_t words) const;
  /// True when something was counted since it was last asked.
  [[nodiscard]] bool changed() noexcept;

 private:
  static constexpr std::size_t kMostPositions = 8;
  struct Sum {
    int against = 0, in_favour = 0;  ///< eighths
    std::vector<std::uint64_t> positions;
    std::vector<std::uint32_t> phrases;
  };
  void count_phrase(std::uint32_t phrase, std::uint64_t position);

  const PhraseBook& book_;
  std::vector<std::uint8_t> times_;  ///< by phrase
  std::vector<std::uint8_t> seen_;   ///< by phrase: which parts, a bit each
  std::vector<Sum> sums_;            ///< by category
  bool changed_ = false;
};

}  // namespace schoolgate::content
