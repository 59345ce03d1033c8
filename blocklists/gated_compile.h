// Lists through the gates into one image, each on its own: what is wrong with one list never holds another back.
//
// A list whose content cannot be read or is refused goes back to its last good content, or is left out where there is
// none. A list that covers sites which must stay reachable leaves these alone and counts otherwise; lists of illegal
// content and sealed ones are never thinned: for them it is only said. Blocking; one thread; nothing but `image` and
// its neighbours is written.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "blocklists/category_db.h"
#include "blocklists/compile.h"
#include "blocklists/must_allow.h"
#include "blocklists/sanity.h"
#include "blocklists/store.h"

namespace schoolgate::blocklists {

/// A list that goes into an image.
struct GatedList {
  ListSource source;  ///< an empty path: nothing has come
  /// The content that was accepted before, of the same category and format; an empty path: there is none.
  std::filesystem::path last_good;
  TimePoint last_good_since;
  bool is_new = true;        ///< no gate has seen `source` yet; else it is held against the image in force alone
  bool illegal = false;      ///< its category is: never thinned
  bool accepted = false;     ///< a person has looked at it and takes it as it is
  std::string why_not = {};  ///< why nothing has come; one line
};

struct GateOptions {
  SanityLimits limits;
  std::vector<MustAllow> must_allow = shipped_must_allow();
  std::vector<MustBlock> must_block;
  WouldRefuse would_refuse;  ///< null: every category refuses
  /// "LIST\tSITE" that a person has accepted: such a list goes on covering such a site.
  std::set<std::string> accepted_sites;
  std::optional<SealedKey> sealed_key;  ///< needed when a list is sealed
  std::function<void(const Progress&)> progress;
};

/// What became of a list.
enum class Content : std::uint8_t { as_it_came, last_good, left_out };

struct GatedOutcome {
  std::string list;
  Content content = Content::as_it_came;
  std::string why;  ///< of last_good and left_out
};

struct GatedReport {
  CompileReport compiled;
  std::vector<GatedOutcome> lists;    ///< in the order in which they were given
  std::vector<Refusal> refusals;      ///< of contents that are not in the image, and of probes that nothing covers
  std::vector<OverBlock> left_alone;  ///< sites that lists leave alone
  std::vector<OverBlock>
      covered_sites;  ///< sites that illegal or sealed lists cover: an alarm, without the site's name
  std::vector<OverBlock> accepted_sites;  ///< sites that a list covers because a person accepted it
  /// Lists whose entries the image in force holds and this image lacks, with the reason of each. Such an image is never
  /// published: it would open what they close.
  std::vector<Refusal> lost;
  /// Lists that were taken with less than half of the entries that they had, and how.
  std::vector<std::pair<std::string, std::string>> shrank;
};

/// `current` is the image in force, or null. An Error: no image could be made, for a reason that is no list's.
[[nodiscard]] Result<GatedReport> compile_gated(std::vector<GatedList> lists, const std::filesystem::path& image,
                                                const CategoryDb* current, const GateOptions& options);

/// What people are told of the image as long as it is in force.
[[nodiscard]] std::vector<ImageRemark> remarks_of(const GatedReport& report);

}  // namespace schoolgate::blocklists
