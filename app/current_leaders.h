// Who leads safeguarding now, for the alerts: accounts of the desk that are not switched off.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "base/error.h"

namespace schoolgate::app {

/// To be called by one thread, as often as it likes; has a connection of its own to the accounts in `state`, opened at
/// the first call that finds them. Without accounts there is nobody.
[[nodiscard]] std::function<Result<std::set<std::string, std::less<>>>()> current_leaders(
    const std::filesystem::path& state);

}  // namespace schoolgate::app
