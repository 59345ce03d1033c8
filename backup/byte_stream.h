// Bytes on their way into a backup and out of one: the two functions that archive, seal and file have in common.
//
// Used by one thread, in order; never again after an error.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "base/error.h"

namespace schoolgate::backup {

/// Takes all of `bytes`.
using Sink = std::function<Result<void>(std::string_view bytes)>;
/// Fills the front of `room` and says how much of it; 0 is the end.
using Source = std::function<Result<std::size_t>(std::span<char> room)>;

/// Fills all of `room` as far as there are bytes.
[[nodiscard]] inline Result<std::size_t> read_fully(const Source& source, std::span<char> room) {
  std::size_t have = 0;
  while (have < room.size()) {
    const auto got = source(room.subspan(have));
    if (!got) return got;
    if (*got == 0) break;
    have += *got;
  }
  return have;
}

}  // namespace schoolgate::backup
