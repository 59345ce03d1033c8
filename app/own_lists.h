// A copy of the configuration that is proposed may bring list files of its own, and those are not read.
#pragma once

#include <filesystem>

#include "config/load.h"

namespace schoolgate::app {

/// Names on standard error each list file within `folder` of which `copy` has another one: a proposal is about the
/// files of the configuration alone, and is judged with the lists of `folder`.
void warn_of_own_lists(const std::filesystem::path& copy, const std::filesystem::path& folder,
                       const config::Configuration& proposed);

}  // namespace schoolgate::app
