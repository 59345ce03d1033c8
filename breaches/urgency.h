// How urgent an episode is, and why: what its categories say, moved by how it came about.
//
// Repetition raises by one, "a page loaded all of it" lowers by one, and neither touches what is illegal. Many hosts in
// a minute from one device is a program rather than a person: nothing is raised then, and the administrator is told.
// Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace schoolgate::breaches {

struct UrgencyFacts {
  int category_urgency = 1;  ///< the highest of the episode's records
  bool illegal = false;
  std::uint64_t attempts = 0;
  std::uint64_t by_page = 0;  ///< of them, loaded by a page
  std::size_t sites = 0;
  std::chrono::milliseconds span{};  ///< from the first to the last attempt
  bool many_hosts = false;
};

struct Urgency {
  int level = 1;
  std::vector<std::string> reasons;  ///< for people, in the order in which they were applied
};

/// At least this many attempts that no page made, over half a minute or on three sites, are repetition. What is only
/// for the record (level 1) stays so.
inline constexpr std::uint64_t kRepeatedAttempts = 5;
/// This many different hosts of one device within a minute are suspected malware.
inline constexpr std::size_t kManyHosts = 20;

/// "immediate", "urgent", "prompt", "for the digest", "for the record".
[[nodiscard]] std::string_view urgency_word(int urgency) noexcept;
[[nodiscard]] int urgency_level(const UrgencyFacts& facts) noexcept;
[[nodiscard]] Urgency urgency_of(const UrgencyFacts& facts);

}  // namespace schoolgate::breaches
