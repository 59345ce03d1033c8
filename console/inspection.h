// What the inspection pack is made of besides the desk's own records. Asks the hooks; any thread.
#pragma once

#include "casework/reports.h"
#include "console/console.h"

namespace schoolgate::console {

[[nodiscard]] casework::InspectionFacts inspection_facts(const Desk& desk);

}  // namespace schoolgate::console
