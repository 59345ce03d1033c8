#include "content/page_score.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace schoolgate::content {
namespace {

constexpr int kEighths = 8, kTimes = 4;
constexpr double kWordsOfAPage = 1000;

}  // namespace

PageScore::PageScore(const PhraseBook& book)
    : book_(book), times_(book.phrases().size()), seen_(book.phrases().size()), sums_(book.categories().size()) {}

void PageScore::count(std::uint32_t literal, std::uint64_t position) {
  for (const PhrasePart& use : book_.parts_of(literal)) {
    const std::size_t parts = book_.phrases()[use.phrase].parts.size();
    if (parts > 1) {
      std::uint8_t& seen = seen_[use.phrase];
      seen |= static_cast<std::uint8_t>(1u << use.part);
      if (seen != (1u << parts) - 1) continue;
      seen = 0;
    }
    count_phrase(use.phrase, position);
  }
}

void PageScore::count_phrase(std::uint32_t phrase, std::uint64_t position) {
  std::uint8_t& times = times_[phrase];
  if (times == kTimes) return;
  const int weight = book_.phrases()[phrase].weight;
  const int worth = std::abs(weight) * kEighths >> times++;
  Sum& sum = sums_[book_.category_of(phrase)];
  changed_ = true;
  if (weight < 0) {
    sum.in_favour += worth;
    return;
  }
  sum.against += worth;
  if (sum.positions.size() == kMostPositions) return;
  sum.positions.push_back(position);
  sum.phrases.push_back(phrase);
}

std::vector<CategoryEvidence> PageScore::evidence(std::uint64_t words) const {
  std::vector<CategoryEvidence> all;
  const double longer = std::max(1.0, std::sqrt(double(words) / kWordsOfAPage));
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const Sum& sum = sums_[i];
    const int left = sum.against - std::min(sum.in_favour, sum.against / 2);
    const int score = int(left / longer / kEighths);
    if (score > 0) all.push_back({book_.categories()[i], score, sum.positions, sum.phrases});
  }
  std::ranges::sort(all, std::ranges::greater(), &CategoryEvidence::score);
  return all;
}

bool PageScore::changed() noexcept { return std::exchange(changed_, false); }

}  // namespace schoolgate::content
