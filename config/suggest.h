// What was probably meant by a word that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace schoolgate::config {

/// A hint for `word`: the near match of rules/near_match.h when there is one, else "one of a, b or c" when there are at
/// most thirteen candidates, else empty.
[[nodiscard]] std::string suggest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace schoolgate::config
