// What ends on a date, and is announced before it does: the school's authority, the certificates it was given.
//
// Announced 60, 30, 7 and 1 days before, and when it is over; each once, also over a restart: STATE/ends says what was.
// What the gateway renews by itself is announced from 7 days on: then that has failed.
// One thread.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"

namespace schoolgate::app {

inline constexpr const char* kAuthority = "the school's authority";

struct KnownEnd {
  std::string what;  ///< "the school's authority"; also the metric's label
  TimePoint ends{};
  std::string next;            ///< what is to be done about it
  bool renews_itself = false;  ///< in its last 30 days
};

/// Of the certificates that the school has given us or that the gateway made, as they lie on the disk now; the
/// authority first. While it is renewed, the day of the switch too.
[[nodiscard]] std::vector<KnownEnd> known_ends(const config::Settings& settings);

/// The last of 60, 30, 7, 1 and 0 days before `ends` that has come; nothing while there is more time.
[[nodiscard]] std::optional<int> days_announced(TimePoint ends, TimePoint now) noexcept;

class EndsWatch {
 public:
  explicit EndsWatch(std::filesystem::path state);

  struct Announcement {
    std::string kind, text;
  };
  /// What is to be told now. `now` must be believed.
  [[nodiscard]] std::vector<Announcement> look(std::span<const KnownEnd> ends, TimePoint now);

 private:
  struct Told {
    std::string what;
    TimePoint ends{};
    int days = 0;
  };
  void keep() const;

  std::filesystem::path file_;
  std::vector<Told> told_;
};

}  // namespace schoolgate::app
