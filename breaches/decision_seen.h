// One line of decisions.jsonl as views into it: for a reader of millions of them (`schoolgate replay`).
//
// Only lines as append_decision_line() writes them, of this release or an earlier one. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace schoolgate::breaches {

/// Views into the line. Text is as it stands there, still escaped: the same text has the same spelling in every line;
/// plain_text() gives what was meant.
struct DecisionSeen {
  TimePoint time;
  std::string_view group, person, confidence, device, kind, method, host, url, page, action, stage, rule;
  std::string_view groups;  ///< the inside of the array: "year 6","choir"
  bool inspected = false, by_name_only = false, query = false;
  bool has_kind = false;    ///< false: an earlier release wrote it, which kept neither groups nor kind of device
  bool groups_cut = false;  ///< there were too many groups to keep
};

/// False: no such line (torn by a full disk, say). `seen` is overwritten.
[[nodiscard]] bool read_decision_line(std::string_view line, DecisionSeen& seen) noexcept;

/// Without escapes.
[[nodiscard]] std::string plain_text(std::string_view escaped);
/// DecisionSeen::groups, one by one.
[[nodiscard]] std::vector<std::string> group_names(std::string_view groups);

}  // namespace schoolgate::breaches
