// What stands against a measure before it is opened: blocks that would take far more than was meant, sessions that
// would open what the opener may not open.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "casework/viewer.h"
#include "console/console.h"
#include "rules/measures.h"

namespace schoolgate::console {

struct Brakes {
  std::string refused;               ///< why it is not for this viewer to open, whatever they confirm; empty: it is
  std::vector<std::string> reasons;  ///< to be confirmed in a second step
};

/// `facts`: of each of the measure's sites, in their order.
[[nodiscard]] Brakes brakes_on(const rules::Measure& measure, const std::vector<SiteFacts>& facts,
                               const casework::Viewer& viewer);

/// A host that thousands of other pages hang on: search engines, office suites, content networks.
[[nodiscard]] bool is_shared_host(std::string_view host);

/// From this urgency on, a category is opened in a session by the safeguarding lead or a deputy only.
inline constexpr int kOpenedByLeadOnly = 2;

}  // namespace schoolgate::console
