// The gates that a list passes before it goes into force: does it look like a list, and like the list it was yesterday?
//
// A gate refuses with an explanation and never repairs. What was refused stays out; the last good image keeps serving.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "blocklists/category_db.h"
#include "blocklists/compile.h"
#include "names/url.h"

namespace schoolgate::blocklists {

enum class Gate : std::uint8_t {
  empty,          ///< no entry at all
  wrong_form,     ///< an archive, JSON, UTF-16, a picture or the like where lines of text were promised
  web_page,       ///< an HTML page where a list was promised
  grown,          ///< many times larger than before
  shrunk,         ///< a small part of what it was
  junk,           ///< most lines were not understood
  public_suffix,  ///< holds more of "com", "co.uk" or the like than before, or than a slip explains
  purpose,        ///< its publisher made it to let sites through
  unreadable,     ///< not there, not to be read to its end, or not in the form that was promised
  must_allow,     ///< covers more sites that must stay reachable than it could leave alone
  must_block,     ///< no longer covers what it must
  lost,           ///< the image in force holds entries of it, and the new image would hold none
};
[[nodiscard]] std::string_view to_string(Gate gate) noexcept;

struct Refusal {
  Gate gate = Gate::empty;
  std::string list;  ///< empty when the image as a whole is meant
  std::string explanation;
};

struct SanityLimits {
  double most_growth = 10;       ///< times the entries of before
  double least_left = 0.1;       ///< part of the entries of before
  std::uint64_t small = 100;     ///< below so many entries (before, or after growing) the size says nothing
  double most_rejected = 0.5;    ///< part of the lines that gave an entry or were rejected
  double most_suffixes = 0.001;  ///< part of the entries of a list seen for the first time that are public suffixes
  std::size_t most_over_blocks = 25;  ///< must-allow sites that one list may cover and then leaves alone
};

/// A probe that a category must cover.
struct MustBlock {
  names::Url url;
  std::string category;
};

/// Looks at the first bytes of a file: an HTML page, an archive, JSON, UTF-16 or a picture is no list of text. For
/// folders: nothing.
[[nodiscard]] std::optional<Refusal> check_bytes(const ListSource& source);

/// Looks at what was read of one list; `before` is the same list in the image in force.
[[nodiscard]] std::vector<Refusal> check_shape(const ListReport& report, const std::optional<ListInfo>& before,
                                               const SanityLimits& limits = {});

/// The probes that `lists` no longer covers.
[[nodiscard]] std::vector<MustBlock> lost_probes(const CategoryDb& lists, std::span<const MustBlock> must_block);

}  // namespace schoolgate::blocklists
