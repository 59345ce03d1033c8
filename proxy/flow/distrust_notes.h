// Hosts whose clients did not accept our certificate: probably pinned by an app. Noted for people, never acted upon.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace schoolgate::flow {

/// Thread-safe. Bounded: at 1,000 hosts the one that was last seen longest ago makes room.
class DistrustNotes {
 public:
  struct Note {
    std::string host;
    std::uint64_t times = 0;
    TimePoint first, last;
  };
  void note(std::string_view host, TimePoint now);
  /// Most often first.
  [[nodiscard]] std::vector<Note> all() const;

 private:
  static constexpr std::size_t kMost = 1000;
  mutable std::mutex mutex_;
  std::map<std::string, Note, std::less<>> notes_;
};

}  // namespace schoolgate::flow
