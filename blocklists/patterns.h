// The patterns of an image: many RE2 expressions over one URL, few of them ever run.
//
// Each pattern's required literals (as RE2's own FilteredRE2 finds them) go into one automaton; only patterns one of
// whose literals occurs in the URL are run, those without literals always are. Immutable once built; match() may be
// called from any thread. It may allocate inside RE2. RE2 running out of memory is told as `undecided`, never as
// "no match".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "names/url.h"

namespace schoolgate::blocklists {

enum PatternFlags : std::uint16_t {
  kWholeUrl = 1,        ///< over scheme://host/path?query, else over host/path?query
  kOverHost = 4,        ///< over the host alone: it is anchored there, and a path would never let it match
  kNeedsWholeText = 2,  ///< looks at what stands behind its match ($, \b …): cannot be decided by the host alone
};

/// The flags that a pattern has in an image.
[[nodiscard]] std::uint16_t pattern_flags(std::string_view pattern, bool whole_url) noexcept;

class PatternSet {
 public:
  struct Item {
    std::string_view text;  ///< stays valid as long as the set
    std::uint16_t flags = 0;
  };

  /// Fault config: a pattern that RE2 refuses; host: no memory.
  [[nodiscard]] static Result<std::unique_ptr<const PatternSet>> build(std::span<const Item> items);
  ~PatternSet();
  PatternSet(const PatternSet&) = delete;
  PatternSet& operator=(const PatternSet&) = delete;

  /// Calls `found(index)` for each pattern that matches, in ascending order. For a URL of which only the name is known,
  /// patterns that may look past it are left out.
  template <class Found>
  void match(const names::Url& url, Found&& found, bool& undecided) const noexcept {
    match(
        url, [](void* to, std::size_t index) { (*static_cast<std::remove_reference_t<Found>*>(to))(index); }, &found,
        undecided);
  }

 private:
  PatternSet();
  void match(const names::Url& url, void (*found)(void*, std::size_t), void* context, bool& undecided) const noexcept;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schoolgate::blocklists
