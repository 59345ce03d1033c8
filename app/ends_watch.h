// What ends on a date is announced 60, 30, 7 and 1 days before, and when it is over; each once, also over a restart:
// STATE/ends says what was. What the gateway renews by itself is announced from 7 days on: then that has failed.
// known_ends.h says what ends. One thread.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"

namespace schoolgate::app {

struct KnownEnd {
  std::string what;  ///< "the school's authority"; also the metric's label. Without a control character
  TimePoint ends{};
  std::string next;            ///< what is to be done about it
  std::string day;             ///< "2027-08-31", the last day, where that is not the date of `ends` in UTC
  bool renews_itself = false;  ///< in its last 30 days

  [[nodiscard]] std::string last_day() const { return day.empty() ? to_rfc3339(ends).substr(0, 10) : day; }
};

/// The last of 60, 30, 7, 1 and 0 days before `ends` that has come; nothing while there is more time.
[[nodiscard]] std::optional<int> days_announced(TimePoint ends, TimePoint now) noexcept;
/// The same of an end; nothing while the gateway may still renew it by itself.
[[nodiscard]] std::optional<int> announced(const KnownEnd& end, TimePoint now) noexcept;

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
