// Any patterns that a school might write and any text: what is refused is refused with a place, and the filter in front
// of the patterns never loses one that matches.
//
// Lines are patterns (at most four); after an empty line comes the text.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "rules/pattern_set.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using schoolgate::rules::PatternSet;
  if (size > 4096) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> patterns;
  while (patterns.size() < 4 && !rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string pattern(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pattern.empty()) break;
    if (const auto fault = PatternSet::check(pattern)) {
      must(!fault->message.empty() && fault->offset <= pattern.size());
      continue;
    }
    patterns.push_back(pattern);
  }
  PatternSet set;
  must(!set.build(patterns) && set.size() == patterns.size());
  std::vector<std::size_t> candidates;
  if (!set.for_each_candidate(rest, [&](std::size_t number) { candidates.push_back(number); })) return 0;
  must(std::ranges::is_sorted(candidates));
  for (std::size_t number = 0; number < patterns.size(); ++number)
    if (set.search(number, rest) == PatternSet::Answer::yes) must(std::ranges::binary_search(candidates, number));
  return 0;
}
