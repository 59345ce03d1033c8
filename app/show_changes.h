// What `schoolgate changes` prints of changes: the list, one with all that was said, its difference, its parts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "changes/change_control.h"

namespace schoolgate::app {

/// The exit status of the command.
[[nodiscard]] int list_changes(const changes::ChangeControl& control, bool as_json);
[[nodiscard]] int show_change(const changes::ChangeControl& control, std::uint64_t number, bool as_json);
[[nodiscard]] int show_difference(const changes::ChangeControl& control, std::uint64_t number);

void print_parts(const std::vector<changes::ChangedPart>& parts);
void print_consents(const changes::ChangeControl::Standing& standing);

}  // namespace schoolgate::app
