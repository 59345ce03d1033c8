#include "config/suggest.h"

#include <vector>

#include "rules/near_match.h"

namespace schoolgate::config {

std::string suggest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t kLongestWord = 64, kMostListed = 20;
  if (word.size() <= kLongestWord) {  // comparing costs the product of the lengths
    std::string near = rules::near_match_hint(word, std::vector<std::string>(candidates.begin(), candidates.end()));
    if (!near.empty()) return near;
  }
  if (candidates.empty() || candidates.size() > kMostListed) return {};
  if (candidates.size() == 1) return "only '" + std::string(candidates[0]) + "' is known here";
  std::string out = "one of ";
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0) out += i + 1 == candidates.size() ? " or " : ", ";
    out += candidates[i];
  }
  return out;
}

}  // namespace schoolgate::config
