// The loader without the folder: what load() does once the files are text. The fuzz target enters here.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/load.h"

namespace schoolgate::config {

/// `files` are relative names ("policy.yaml", "rules/maths.yaml") with their content, rules in the order of their
/// names. `read_problems` are those met while reading them; they come back first, and count.
[[nodiscard]] Loaded load_texts(const std::filesystem::path& folder,
                                std::vector<std::pair<std::string, std::string>> files, Problems read_problems);

}  // namespace schoolgate::config
