// Daily allowances: how many minutes of a category a person has used today, measured by activity.
//
// A minute counts when a request was let through in it, or a tunnel moved bytes in it; ten tabs in one minute are one
// minute. Shared by all workers, thread-safe: a stripe of a table behind a mutex of its own, asked only where the
// verdict has an allowance. Reads no clock, writes no file: what was used before a restart is given back by restore()
// (app/kept_allowances.h).
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "rules/site_clock.h"
#include "rules/subject.h"

namespace schoolgate::flow {

/// What was used, as it is kept over a restart.
struct AllowanceUse {
  std::string who;       ///< Allowances::key_of()
  std::string category;  ///< id
  std::chrono::local_days day;
  std::uint32_t minutes = 0;
};

class Allowances {
 public:
  /// Days begin at the site's midnight; without a clock at that of UTC.
  explicit Allowances(std::optional<rules::SiteClock> clock = std::nullopt) : clock_(std::move(clock)) {}

  /// Whose minutes they are: "person amelia.hughes", or "device 10.20.2.7" where no person is known.
  [[nodiscard]] static std::string key_of(const rules::Subject& subject);

  /// Counts the minute of `now` against `minutes` a day. False: they are used up and this one was not counted. What was
  /// counted in a minute already costs nothing more.
  [[nodiscard]] bool spend(std::string_view who, std::string_view category, std::uint32_t minutes, TimePoint now);
  /// Whether anything is left, without counting; a minute that was counted is used to its end.
  [[nodiscard]] bool any_left(std::string_view who, std::string_view category, std::uint32_t minutes,
                              TimePoint now) const;

  /// Minutes used today.
  [[nodiscard]] std::uint32_t used(std::string_view who, std::string_view category, TimePoint now) const;

  /// All that was used on the day of `now`.
  [[nodiscard]] std::vector<AllowanceUse> snapshot(TimePoint now) const;
  /// Gives back what snapshot() told before a restart; other days are left out. Call before the workers start. A minute
  /// that was running at the restart may be counted twice.
  void restore(std::span<const AllowanceUse> uses, TimePoint now);

 private:
  static constexpr std::size_t kStripes = 16;
  static constexpr std::size_t kMost = 20'000;  ///< entries a stripe; beyond, other days are swept and new ones refused
  static constexpr std::size_t kMinutes = 24 * 60;

  struct Used {
    std::chrono::local_days day;
    std::uint32_t minutes = 0;
    std::bitset<kMinutes> counted;  ///< which minutes of the day
  };
  struct Stripe {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Used> used;  ///< "who\ncategory"
  };
  struct Moment {
    std::chrono::local_days day;
    std::size_t minute;
  };

  [[nodiscard]] Moment local(TimePoint now) const noexcept;
  [[nodiscard]] static std::string key(std::string_view who, std::string_view category);
  [[nodiscard]] Stripe& stripe(const std::string& key) const noexcept;
  /// The entry of that day, begun anew when there is none; null when there is no room.
  [[nodiscard]] static Used* entry(Stripe& stripe, const std::string& key, std::chrono::local_days day);

  std::optional<rules::SiteClock> clock_;
  mutable std::array<Stripe, kStripes> stripes_;
};

}  // namespace schoolgate::flow
