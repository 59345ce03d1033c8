// The corpus of sites that must stay reachable, and the question which of them category data would cover.
//
// Shipped: blocklists/data/must_allow.txt (schools, health, help, government, and names that over-blocking filters trip
// over). A school may have a file of its own in the same form.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/problem.h"
#include "blocklists/category_db.h"
#include "blocklists/compile.h"
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
  SparedSite place;  ///< what the list would have to leave alone
  std::string site;  ///< as the corpus writes it, without its scheme
  std::string list, category;
  std::string entry;  ///< empty for a sealed list
};

/// Whether some group would be refused `site` because a list puts it into `category`: the school's own rules, sites of
/// help and what groups do with a category are the judge's matter, not this room's.
using WouldRefuse = std::function<bool(const names::Url& site, std::string_view category)>;

/// Looks every site of the corpus up. An entry counts once for each site it covers; a site for which the patterns could
/// not be tried is passed over. Null: every category refuses.
[[nodiscard]] std::vector<OverBlock> find_over_blocks(const CategoryDb& lists, std::span<const MustAllow> corpus,
                                                      const WouldRefuse& would_refuse = {});

}  // namespace schoolgate::blocklists
