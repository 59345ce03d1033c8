// Who asks.
#pragma once

#include <cstdint>
#include <string_view>

#include "names/ip_address.h"

namespace schoolgate::rules {

/// How sure we are who it is. Contract section 6, "confidence".
enum class Confidence : std::uint8_t { unknown, network, device, class_login, login };
[[nodiscard]] std::string_view to_string(Confidence confidence) noexcept;

/// Index of a group in a PolicySnapshot; meaningful only together with that snapshot.
using GroupIndex = std::uint16_t;

/// A value made by PolicySnapshot::subject_for(); unknown people are in the fallback group, never in none.
struct Subject {
  names::IpAddress address;
  std::string_view user;  ///< empty when unknown; owned by the connection
  GroupIndex group = 0;
  Confidence confidence = Confidence::unknown;
};

}  // namespace schoolgate::rules
