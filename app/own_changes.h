// Changes of a configuration with this machine's accounts, this program's gate and its running gateway.
#pragma once

#include <filesystem>
#include <string>

#include "changes/change_control.h"

namespace schoolgate::app {

/// `config`: the folder. Any thread; the state folder is the one that the configuration names.
[[nodiscard]] changes::ChangeControl own_changes(const std::filesystem::path& config,
                                                 const std::filesystem::path& state);

/// Whoever typed the command, without an account.
[[nodiscard]] changes::Actor by_hand();

}  // namespace schoolgate::app
