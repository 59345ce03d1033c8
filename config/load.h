// The one loader of a configuration folder: files -> typed values, or every problem in them at once.
//
// Pure but for reading files; keeps nothing, starts nothing, may be called from any thread. Exceptions of the YAML
// library do not leave this room. What the values mean together (unknown groups and categories in the policy,
// overlapping networks, bad patterns, the time zone) is checked by rules::PolicySnapshot::compile, from the positions
// filled in here.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/problem.h"
#include "casework/alerts/alert_settings.h"
#include "config/list_config.h"
#include "config/settings.h"
#include "rules/policy_spec.h"

namespace schoolgate::config {

struct Configuration {
  Settings settings;
  rules::PolicySpec policy;
  std::vector<ListConfig> lists;
  ListUpdateConfig list_updates;
  casework::AlertSettings alerts;
  /// First 12 hex digits of SHA-256 over the names and contents of all files; also policy.version.
  std::string version;
  /// Relative name -> text, in the order read: what the audit log compares. Never holds the content of secret files.
  std::vector<std::pair<std::string, std::string>> files;
};

struct Loaded {
  /// Set exactly when `problems` holds no error: a configuration with an error in it cannot be served by mistake.
  std::optional<Configuration> configuration;
  /// Errors and warnings in the order of the files. When there are errors, those that PolicySnapshot::compile finds in
  /// what could be read are among them, so that one run reports them all; otherwise the caller compiles.
  Problems problems;
};

/// Reads schoolgate.yaml, policy.yaml (both required), categories.yaml, lists.yaml, alerts.yaml and rules/*.yaml.
/// Positions name files as `folder` joined with the relative name, as the user gave it.
[[nodiscard]] Loaded load(const std::filesystem::path& folder);

/// The same from a copy of `folder`'s files elsewhere. Relative paths and positions are those of `folder`.
[[nodiscard]] Loaded load_copy(const std::filesystem::path& copy, const std::filesystem::path& folder);

}  // namespace schoolgate::config
