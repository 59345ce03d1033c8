// Searches: the search engines that are known, and the words in their addresses.
//
// The table is rules/data/search_engines.txt, read once per process; everything here is safe from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "names/url.h"

namespace schoolgate::rules {

/// What is kept of a search, cut on a character. Phrases are looked for in more than that.
inline constexpr std::size_t kMaxSearchBytes = 512;

struct SearchTerm {
  std::string_view engine;  ///< "google"; a view into the table
  std::string text;         ///< as typed: decoded, valid UTF-8, one line, at most kMaxSearchBytes
  std::string words;        ///< for matching: see search_words()
};

/// The search in this address, when it is one of a known engine's result pages and not empty. `raw_query` is the query
/// as it came on the wire, before it was made canonical: in the canonical form "%26" and "&" can no longer be told
/// apart. Without it the canonical query is read.
[[nodiscard]] std::optional<SearchTerm> search_term_of(const names::Url& url, std::string_view raw_query = {});

/// The engine to which this canonical host belongs, as "google"; else empty.
[[nodiscard]] std::string_view search_engine_of(std::string_view host) noexcept;

/// Text in the form in which phrases are compared: lower case without accents, words of letters and digits with one
/// blank between them and one at each end (" how to make "); apostrophes and invisible characters vanish, every other
/// sign separates. Each character of a script without blanks (Chinese, Japanese, Korean) is a word. Empty when there is
/// no word. Bytes that are no UTF-8 separate.
[[nodiscard]] std::string search_words(std::string_view text);

}  // namespace schoolgate::rules
