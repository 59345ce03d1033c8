// Recipients never get alerts about themselves: these functions choose the others. Pure; any thread.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "breaches/episodes.h"
#include "casework/alerts/alert_settings.h"

namespace schoolgate::casework {

/// `wanted` without the recipients whom the episode is about; in their place the head, else the safeguarding lead, else
/// a deputy, else any other recipient but "it". Webhooks belong to no person. Fewer than wanted when there is no other
/// recipient.
[[nodiscard]] std::set<std::string> destinations_for(const AlertSettings& settings,
                                                     const std::vector<std::string>& wanted,
                                                     const breaches::Episode& episode);

}  // namespace schoolgate::casework
