// Files and folders that a configuration names: whether they are there and can be read, said at the place that names
// them.
#pragma once

#include <filesystem>

#include "config/yaml_reader.h"

namespace schoolgate::config {

/// An error unless `path` is a regular file that this process can read.
bool require_file(const YamlNode& node, Report& report, const std::filesystem::path& path);

/// An error unless `path` is a folder that this process can list.
bool require_folder(const YamlNode& node, Report& report, const std::filesystem::path& path);

/// The same as a warning: something else may serve in the place of what cannot be read.
bool expect_file(const YamlNode& node, Report& report, const std::filesystem::path& path);
bool expect_folder(const YamlNode& node, Report& report, const std::filesystem::path& path);

/// require_file(), and a warning when others than its owner and group can read it.
bool require_secret_file(const YamlNode& node, Report& report, const std::filesystem::path& path);

}  // namespace schoolgate::config
