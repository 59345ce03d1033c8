// Which attempts get a record of their own, which are counted with one, and which wait their turn: so that one device
// can neither fill the disk nor bury an attempt among thousands.
//
// The first attempt at a matched entry from a device has its record at once; the others of that minute are counted into
// one sum of the same entry. A device has six hundred records at once and ten more a second; what is beyond them waits
// and is counted meanwhile. Every attempt is in a record or in a sum. Belongs to the writer of the breach log; asks no
// clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "breaches/breach.h"

namespace schoolgate::breaches {

class Folding {
 public:
  using Steady = std::chrono::steady_clock;

  enum class Turn : std::uint8_t {
    write,  ///< a record of its own
    fold,   ///< counted: it is in changed() from now on, and counted_in() names the sum
    wait,   ///< the device has had its records: to be asked again later
  };
  [[nodiscard]] Turn turn_of(const Breach& breach, Steady::time_point now);
  /// For a device of which others wait already: counted where its minute has begun, else behind them.
  [[nodiscard]] Turn turn_behind(const Breach& breach, Steady::time_point now);
  /// For what must not wait behind a device's flood: the first of each category and minute has its record at once, the
  /// others are counted. Of withheld ones each address has; past six hundred of them they wait.
  [[nodiscard]] Turn turn_of_urgent(const Breach& breach, Steady::time_point now);
  /// For a device of which too much waits: counted by category (of withheld ones, by address while there are not too
  /// many), or a record where that is the first. Nothing waits.
  [[nodiscard]] Turn turn_in_flood(const Breach& breach, Steady::time_point now);
  /// The sum that the last attempt was counted in, when its turn was `fold`.
  [[nodiscard]] const Uuid& counted_in() const noexcept { return counted_in_; }

  /// Counts an attempt that waits for its turn, until let_go(): what a crash then leaves is its number.
  void hold(const Breach& breach);
  void let_go(const Breach& breach);

  /// The sums as they stand that have changed since the last call: what is to be kept until their minute is over. One
  /// without attempts is to be kept no longer.
  [[nodiscard]] std::vector<Breach> changed();
  /// Takes out the sums whose minute is over: they are records now.
  [[nodiscard]] std::vector<Breach> ended(Steady::time_point now);
  /// The next changed() gives all of them: what was kept is lost.
  void change_all();
  /// Ids of the sums that it goes on with.
  [[nodiscard]] std::set<std::string> ids() const;
  [[nodiscard]] bool is_empty() const noexcept { return minutes_.empty() && held_.empty(); }

  static constexpr std::chrono::seconds kMinute{60};
  static constexpr double kRecordsAtOnce = 600, kRecordsASecond = 10;
  /// Of a network of which the device is one of many: so many times that of a device.
  static constexpr double kNetwork = 8;

 private:
  struct Minute {
    Breach first;
    Breach last;  ///< of the sum; with the sum's id
    std::uint64_t attempts = 0;
    std::set<std::uint64_t> addresses{};
    TimePoint since{};
    Steady::time_point until{};
    bool changed = false;
  };
  using Minutes = std::map<std::string, Minute>;
  struct Tokens {
    double left = 0;
    Steady::time_point filled;
  };
  [[nodiscard]] bool take_token(const Breach& breach, Steady::time_point now);
  [[nodiscard]] Tokens* tokens_of(const std::string& key, double most, double a_second, Steady::time_point now);
  void begin(std::string key, const Breach& breach, Steady::time_point now);
  [[nodiscard]] bool count(const std::string& key, const Breach& breach, Steady::time_point now);
  void add(Minute& minute, const Breach& breach);
  void note_change(Minute& minute);
  [[nodiscard]] static Breach sum_of(const Minute& minute);

  Minutes minutes_;  ///< by matched entry and device
  Minutes held_;     ///< of what waits, by device and category, and address where withheld
  std::vector<Minute*> changed_;
  std::vector<Breach> emptied_;                                  ///< held ones that were kept and hold nothing now
  std::deque<std::pair<Steady::time_point, std::string>> ends_;  ///< in the order of time: each minute's, by its key
  std::unordered_map<std::string, Tokens> devices_;
  Steady::time_point pruned_{};
  Uuid counted_in_;
};

/// What limits are summed by: the machine where it is known, else the address.
[[nodiscard]] const std::string& machine_of(const Breach& breach) noexcept;

/// Two attempts of the same matched entry, device, person and answer have the same key. An entry that is the site or a
/// parent of it stands for every name below; of other entries (patterns, terms, none) each site counts for itself, and
/// of withheld ones each address, because an address that has to be reported is kept with its record.
[[nodiscard]] std::string folding_key(const Breach& breach);

/// Whether `site` is `entry` or a name below it: what the sum of that entry counts.
[[nodiscard]] bool is_at_or_below(std::string_view site, std::string_view entry) noexcept;

}  // namespace schoolgate::breaches
