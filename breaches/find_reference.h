// The record behind the number that a page shows ("K7QF-2M9XPT"): of a refusal or warning the breach record, or the sum
// that counts it, of every other page its line in the decision log. A sum whose minute is not over has no number yet:
// its "seq" is null.
//
// Reads the state folder beside the gateway, changes nothing. Any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace schoolgate::breaches {

/// The number as Uuid::reference() writes it, from what was typed or read out on the telephone: small letters, without
/// the dash, O for 0, I or L for 1. Nothing when it is no such number.
[[nodiscard]] std::optional<std::string> read_reference(std::string_view text);

struct Found {
  bool is_breach = false;  ///< a breach record; else a line of the decision log
  std::string record;      ///< one JSON object
};

/// Nothing when no record has the number. `decisions`: what `decisions:` names, empty when no log is kept. A breach is
/// looked for first, newest first. Fault host: a log cannot be read.
[[nodiscard]] Result<std::optional<Found>> find_reference(const std::filesystem::path& state,
                                                          const std::filesystem::path& decisions,
                                                          std::string_view reference);

}  // namespace schoolgate::breaches
