// The view of a process that answers a member of the group (group_question.h): the configuration is the one that was
// accepted last, if that is the one in force, and persons, searches and sealed data are withheld.
//
// Set once, before anything is read, for the rest of the process; never in the gateway.
#pragma once

#include <filesystem>
#include <string>

#include "config/load.h"

namespace schoolgate::app {

/// `version`: of the configuration in force.
void answer_for_group(std::filesystem::path state, std::string version);
[[nodiscard]] bool answers_for_group() noexcept;

/// The files in `folder`; for the group, what is in force. A problem: "cannot read" what is.
[[nodiscard]] config::Loaded configuration_asked_about(const std::filesystem::path& folder);

}  // namespace schoolgate::app
