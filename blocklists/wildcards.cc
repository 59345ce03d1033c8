#include "blocklists/wildcards.h"

#include <algorithm>

namespace schoolgate::blocklists {

bool knows_wildcards(const CategoryDb& lists) noexcept {
  const auto is_entry = [](const Match& match) { return match.kind == Match::Kind::url; };
  Matches image, sealed;
  lists.lists_beyond_name(kWildcardsKnown, image);
  if (std::ranges::none_of(image.items(), is_entry)) return false;
  // Each sealed list says so itself: it may have been sealed earlier than the image was compiled.
  lists.lists_beyond_name(kAnyLabel, sealed);
  for (std::size_t list = 0; list < lists.lists().size(); ++list)
    if (lists.lists()[list].sealed &&
        std::ranges::none_of(sealed.items(), [&](const Match& match) { return is_entry(match) && match.list == list; }))
      return false;
  return true;
}

}  // namespace schoolgate::blocklists
