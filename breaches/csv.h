// CSV cells as RFC 4180 wants them, and such that a spreadsheet takes none for a formula.
#pragma once

#include <string>
#include <string_view>

namespace schoolgate::breaches {

/// Appends one cell: quoted where it holds a comma, a quote or a line break; one that begins like a formula (=, +, -,
/// @, tab, CR) gets an apostrophe in front.
void append_csv_cell(std::string& out, std::string_view text);

}  // namespace schoolgate::breaches
