// The corpus of sites that must stay reachable, and the question which of them category data would cover.
//
// Shipped: blocklists/data/must_allow.txt (schools, health, help, government, and names that over-blocking filters trip
// over). A school may have a file of its own in the same form.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/problem.h"
#include "blocklists/category_db.h"
#include "names/url.h"

namespace schoolgate::blocklists {

struct MustAllow {
  names::Url url;
  std::vector<std::string> may_be;  ///< categories that rightly hold it ("search" holds a search engine)
};

/// Reads a corpus: a URL a line, then the categories that may hold it; '#' begins a comment.
[[nodiscard]] std::expected<std::vector<MustAllow>, Problems> read_must_allow(std::string_view text,
                                                                              const std::string& file);
/// The shipped corpus.
[[nodiscard]] const std::vector<MustAllow>& shipped_must_allow();

/// A site of the corpus that a list covers although its category may not.
struct OverBlock {
  std::string url, list, category;
  std::string entry;    ///< empty for a sealed list
  bool is_new = false;  ///< the data in force until now does not cover it by this category
};

/// Judges every site of the corpus with `candidate`. `current` may be nullptr. Categories in `ignored` (to allow, or
/// those that no group acts on) are not looked at.
[[nodiscard]] std::vector<OverBlock> find_over_blocks(const CategoryDb& candidate, const CategoryDb* current,
                                                      std::span<const MustAllow> corpus,
                                                      std::span<const std::string> ignored = {});

}  // namespace schoolgate::blocklists
