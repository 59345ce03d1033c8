// Settings that a running gateway does not read again: a reload says which of them have changed.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace schoolgate::app {

/// "listen.console", "limits.idle": what `wanted` has otherwise than `running`, of all that holds from the start to the
/// end of a process. Identity is in it only where none runs yet; WhoIsAsking::use() names the rest.
[[nodiscard]] std::vector<std::string> settings_read_at_start(const config::Settings& running,
                                                              const config::Settings& wanted);

}  // namespace schoolgate::app
