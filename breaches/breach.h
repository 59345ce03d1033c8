// One attempt, as it is kept: contract section 6.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/uuid.h"
#include "rules/verdict.h"

namespace schoolgate::breaches {

/// Whether a person did it or a page did it by itself.
enum class Initiated : std::uint8_t { unknown, user, page };

/// What stands for the confidence of an attempt that the gateway made itself, to see whether it is refused: kept in the
/// log like every other, part of no episode, counted in no report, told to nobody.
inline constexpr std::string_view kSelftest = "selftest";

/// Filled by the hallway; owns all its text, so it outlives snapshot and connection. The log adds seq, hash, school,
/// gateway and episode. For illegal categories the log withholds site and url and stores keyed hashes.
struct Breach {
  Uuid id;
  TimePoint time;
  std::string group;
  std::optional<std::string> person;
  std::string confidence;  ///< rules::to_string(Confidence), or kSelftest
  std::string device;      ///< address
  /// What stands for the device where limits are summed: its MAC on the link. Empty: the address. Never stored.
  std::string machine;
  /// The network that the address is one of many of, for a larger sum beside the device's. Empty: none. Never stored.
  std::string network;
  std::string action;  ///< block, warn or monitor
  std::string site;    ///< host
  std::string url;     ///< canonical; the log redacts the query
  std::string search;  ///< what was searched for, as typed; empty when the address is no search
  std::string method;
  std::string stage;
  Initiated initiated = Initiated::unknown;
  rules::Citation reason;
  /// More than one: a sum, of attempts that another record of the same minute tells in full. `time` is the last one's.
  std::uint64_t attempts = 1;
  std::uint64_t addresses = 1;     ///< different ones among them
  std::optional<TimePoint> since;  ///< of a sum: the first of them
};

}  // namespace schoolgate::breaches
