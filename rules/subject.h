// Who asks.
#pragma once

#include <cstdint>
#include <string_view>

#include "names/ip_address.h"

namespace schoolgate::rules {

struct Presence;

/// How sure we are of the person. Contract section 6, "confidence".
enum class Confidence : std::uint8_t { unknown, network, device, class_login, login };
[[nodiscard]] std::string_view to_string(Confidence confidence) noexcept;

/// Index of a group in a PolicySnapshot; meaningful only together with that snapshot.
using GroupIndex = std::uint16_t;

/// What put a person into their group; the later in this list, the more it counts.
enum class ChosenBy : std::uint8_t { fallback, network, device, directory_group, user };
/// "the fallback", "network", "device", "directory group", "user": a word for people.
[[nodiscard]] std::string_view to_string(ChosenBy chosen_by) noexcept;

/// A value made by PolicySnapshot::subject_for(); unknown people are in the fallback group, never in none.
struct Subject {
  names::IpAddress address;
  std::string_view user;  ///< empty when unknown; a view into `presence`, which the connection holds
  GroupIndex group = 0;
  Confidence confidence = Confidence::unknown;
  /// Who says so: Person::source where a person is known, else "device", "network" or nothing.
  std::string_view source = {};
  ChosenBy chosen_by = ChosenBy::fallback;  ///< of `group`
  bool by_name_only = false;                ///< the device takes no certificate of ours: it is never opened
  const Presence* presence = nullptr;       ///< null: nothing is known but the address
};

}  // namespace schoolgate::rules
