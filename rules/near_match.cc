#include "rules/near_match.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace schoolgate::rules {
namespace {

// Optimal string alignment: insertions, deletions, substitutions, and neighbours swapped.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, above(b.size() + 1), row(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::string near_match_hint(std::string_view word, std::span<const std::string> candidates) {
  std::size_t nearest = std::max<std::size_t>(1, word.size() / 3) + 1;
  const std::string* meant = nullptr;
  for (const std::string& candidate : candidates)
    if (const std::size_t distance = edits(word, candidate); distance < nearest) {
      nearest = distance;
      meant = &candidate;
    }
  return meant ? "did you mean '" + *meant + "'?" : std::string();
}

}  // namespace schoolgate::rules
