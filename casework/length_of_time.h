// "Length of time", the field of the pink slip, and how it was found: never a number without its method.
//
// Blocked attempts last no time on the site: the span from the first to the last is given. Where the category was
// allowed, warned of or monitored, the decision log's lines give an estimate: requests inside TLS or plain HTTP by the
// gaps between them, each at most three minutes; tunnels by the time they were open, which is an upper bound. Nothing
// is rounded up. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "base/clock.h"

namespace schoolgate::casework {

struct LengthOfTime {
  enum class Method : std::uint8_t {
    single,    ///< one attempt, refused
    span,      ///< several attempts, refused: first to last
    requests,  ///< estimate from the gaps between requests
    tunnels,   ///< estimate: at most, the time tunnels were open
    unknown,   ///< something was let through, but no decision log tells more
  };
  Method method = Method::unknown;
  std::chrono::milliseconds length{};  ///< span or estimate; zero for a single attempt
  std::string text;                    ///< "span of attempts 4 min 20 s"; "active 4 min 20 s, estimate: …"
};

/// A visit to one of the episode's sites as the decision log has it.
struct Visit {
  TimePoint begin;
  std::chrono::milliseconds open{};  ///< how long the exchange or tunnel lasted
  bool tunnel = false;               ///< only the name was seen
};

inline constexpr std::chrono::minutes kLongestGap{3};
inline constexpr std::chrono::seconds kLastRequest{10};  ///< counted for the last request of a visit

[[nodiscard]] LengthOfTime length_of_attempts(std::uint64_t attempts, TimePoint first, TimePoint last);
/// `visits` in any order; empty gives `unknown`.
[[nodiscard]] LengthOfTime length_of_visits(std::span<const Visit> visits);

}  // namespace schoolgate::casework
