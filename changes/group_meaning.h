// What a change of the groups means: what each does with categories, and who moves from one into another.
#pragma once

#include <vector>

#include "changes/meaning.h"

namespace schoolgate::changes {

/// Adds the parts that are about groups.
void compare_groups(const config::Configuration& before, const config::Configuration& after,
                    std::vector<ChangedPart>& parts);

}  // namespace schoolgate::changes
