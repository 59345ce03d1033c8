// What was probably meant by a word that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace schoolgate::config {

/// A hint for `word`: "did you mean 'gambling'?" when a candidate is near (edit distance with swapped neighbours, at
/// most a third of the word), else "one of a, b or c" when there are at most twelve candidates, else empty.
[[nodiscard]] std::string suggest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace schoolgate::config
