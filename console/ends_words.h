// What ends soon, in words for the desk's pages. Pure.
#pragma once

#include <string>
#include <vector>

#include "console/console.h"
#include "web/view.h"

namespace schoolgate::console {

/// For the head of every page: the first three, and how many more. Empty when nothing ends soon.
[[nodiscard]] std::string ends_summary(const std::vector<NearEnd>& ends);

/// Fills the section "What ends soon" of the page about limits.
void set_ends(const std::vector<NearEnd>& ends, web::View& view);

}  // namespace schoolgate::console
