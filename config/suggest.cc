#include "config/suggest.h"

#include <algorithm>
#include <vector>

namespace schoolgate::config {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? char(c + 32) : c == '_' ? '-' : c; }

// Optimal string alignment distance; case and the choice of '_' or '-' cost nothing.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

}  // namespace

std::string suggest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t kLongestWord = 64, kMostListed = 12;
  if (word.size() <= kLongestWord) {
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::string_view best;
    for (const std::string_view candidate : candidates) {
      if (candidate.size() > kLongestWord) continue;
      const std::size_t d = distance(word, candidate);
      if (d < best_distance) best_distance = d, best = candidate;
    }
    if (!best.empty()) return "did you mean '" + std::string(best) + "'?";
  }
  if (candidates.empty() || candidates.size() > kMostListed) return {};
  std::string out = "one of ";
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0) out += i + 1 == candidates.size() ? " or " : ", ";
    out += candidates[i];
  }
  return out;
}

}  // namespace schoolgate::config
