// What changed between two texts, line by line, for people: the form of `diff -u` without its headers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace schoolgate::breaches {

/// Hunks of removed ("-"), added ("+") and up to `context` unchanged (" ") lines around them, each under "@@ -l,n +l,n
/// @@". Empty when the texts are the same. Where the part that differs is very long (over 4000 lines on both sides) it
/// is shown as removed and added whole. At most `limit` bytes, then a line that says so.
[[nodiscard]] std::string line_diff(std::string_view before, std::string_view after, std::size_t context = 2,
                                    std::size_t limit = 256 * 1024);

}  // namespace schoolgate::breaches
