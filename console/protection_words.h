// Protected or not, in words for the desk's pages. Pure but for the desk's names of groups.
#pragma once

#include <string>
#include <vector>

#include "console/console.h"
#include "console/desk.h"

namespace schoolgate::console {

/// One line for the head of every page: which categories have no data or old data, in which groups. Empty when there is
/// no gap but known ones.
[[nodiscard]] std::string gap_summary(const Desk& desk, const rules::Protection& protection);

/// Why a row is no more than stale or empty: which lists are not there, which are too old and of when.
[[nodiscard]] std::string why_words(const Desk& desk, const rules::CategoryProtection& row,
                                    const std::vector<ListAge>& lists);

/// Fills the section "Protected or not" of the page about limits.
void set_protection(const Desk& desk, const std::vector<ListAge>& lists, web::View& view);

}  // namespace schoolgate::console
