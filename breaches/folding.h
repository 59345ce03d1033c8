// Which attempts get a record of their own, which are counted with one, and which wait their turn: so that one device
// can neither fill the disk nor bury an attempt among thousands.
//
// The first attempt at a matched entry from a device has its record at once; the others of that minute are counted into
// one sum of the same entry. A device has six hundred records at once and ten more a second; what is beyond them waits.
// Every attempt is in a record or in a sum. Belongs to the writer of the breach log; asks no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "breaches/breach.h"

namespace schoolgate::breaches {

class Folding {
 public:
  using Steady = std::chrono::steady_clock;

  enum class Turn : std::uint8_t {
    write,  ///< a record of its own
    fold,   ///< counted: it is in changed() from now on
    wait,   ///< the device has had its records: to be asked again later
  };
  [[nodiscard]] Turn turn_of(const Breach& breach, Steady::time_point now);
  /// For a device of which too much waits: counted by category alone, or a record where that is the first.
  [[nodiscard]] Turn turn_in_flood(const Breach& breach, Steady::time_point now);

  /// The sums as they stand that have changed since the last call: what is to be kept until their minute is over.
  [[nodiscard]] std::vector<Breach> changed();
  /// Takes out the sums whose minute is over: they are records now.
  [[nodiscard]] std::vector<Breach> ended(Steady::time_point now);
  [[nodiscard]] bool is_empty() const noexcept { return minutes_.empty(); }
  /// The sum `id` is a record already, with so many attempts: what it has beyond them stays.
  void take_off(const std::string& id, std::uint64_t attempts);

  static constexpr std::chrono::seconds kMinute{60};
  static constexpr double kRecordsAtOnce = 600, kRecordsASecond = 10;

 private:
  struct Minute {
    Breach first;
    Breach last;  ///< of the sum; with the sum's id
    std::uint64_t attempts = 0;
    std::set<std::uint64_t> addresses;
    Steady::time_point until;
    bool changed = false;
  };
  struct Tokens {
    double left = kRecordsAtOnce;
    Steady::time_point filled;
  };
  [[nodiscard]] bool take_token(const std::string& device, Steady::time_point now);
  void begin(std::string key, const Breach& breach, Steady::time_point now);
  [[nodiscard]] bool count(const std::string& key, const Breach& breach, Steady::time_point now);
  [[nodiscard]] static Breach sum_of(const Minute& minute);

  std::map<std::string, Minute> minutes_;  ///< by matched entry and device
  std::unordered_map<std::string, Tokens> devices_;
};

/// Two attempts of the same matched entry, device, person and answer have the same key. An entry that is the site or a
/// parent of it stands for every name below; of other entries (patterns, terms, none) each site counts for itself.
[[nodiscard]] std::string folding_key(const Breach& breach);

}  // namespace schoolgate::breaches
