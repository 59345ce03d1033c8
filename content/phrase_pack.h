// Files of phrases, read: what each is worth for which category.
//
// Two formats: `phrases` is ours (docs/content.md), `e2guardian-phrases` is the one of e2guardian's phrase lists, of
// which the character set is never declared. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.h"

namespace schoolgate::content {

struct Phrase {
  std::string category;
  /// All of them have to be on the page. Each in the form of word_stream.h; without its blank at an end where the word
  /// may go on there.
  std::vector<std::string> parts;
  int weight = 0;  ///< of the first occurrence; below zero: speaks for the page
};

inline constexpr int kLargestWeight = 200;

/// Problems are added with their line; what can be read is read.
[[nodiscard]] std::vector<Phrase> read_phrases(std::string_view text, std::string_view file, Problems& problems);

/// Every phrase counts for `category`; one that e2guardian would block alone, without a weight, has the largest. Lines
/// that are no phrase (Include, conditions) are warned of.
[[nodiscard]] std::vector<Phrase> read_e2guardian_phrases(std::string_view text, std::string_view category,
                                                          std::string_view file, Problems& problems);

}  // namespace schoolgate::content
