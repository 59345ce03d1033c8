// What is behind the number on a page, for a technician: `breaches find` and `explain REFERENCE`.
#pragma once

#include <string>
#include <string_view>

#include "config/settings.h"

namespace schoolgate::app {

/// Prints the record and returns the exit status: 1 when there is none, or the logs cannot be read. Changes nothing.
[[nodiscard]] int show_reference(const config::Settings& settings, std::string_view reference, bool json);

/// The record in words, a line each: when, what was shown, for which device and group, of which site, and why.
[[nodiscard]] std::string words_of_record(std::string_view record, bool is_breach);

}  // namespace schoolgate::app
