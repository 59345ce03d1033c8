// Puts the printed ruleset into the kernel, with what the machine needs beside it. As root; used at boot.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace schoolgate::app {

/// The commands that a ruleset names in its first lines ("#   sysctl -w ..."): what has to hold of the machine.
[[nodiscard]] std::vector<std::vector<std::string>> machine_commands(std::string_view ruleset);

/// Runs `nft -f -` on the ruleset, then the machine's commands: forwarding begins behind a closed door. Fault host when
/// nft refuses the ruleset; a command that fails is warned of.
[[nodiscard]] Result<void> load_firewall(std::string_view ruleset);

/// Where the last ruleset that was loaded is kept, so that a configuration with a mistake does not leave a gateway open
/// after a restart: $STATE_DIRECTORY of the unit, else /var/lib/schoolgate-firewall.
[[nodiscard]] std::filesystem::path kept_ruleset();

}  // namespace schoolgate::app
