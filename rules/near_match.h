// What was probably meant by a word that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace schoolgate::rules {

/// "did you mean 'gambling'?" when a candidate is within a third of the word's length in edits (at least one), else
/// empty. The nearest wins, of equals the first.
[[nodiscard]] std::string near_match_hint(std::string_view word, std::span<const std::string> candidates);

}  // namespace schoolgate::rules
