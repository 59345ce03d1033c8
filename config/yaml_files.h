// One reader per configuration file, each in a .cc of that file's name. A reader fills what it can and reports the
// rest.
#pragma once

#include <vector>

#include "casework/alerts/alert_settings.h"
#include "config/list_config.h"
#include "config/settings.h"
#include "config/yaml_reader.h"
#include "rules/policy_spec.h"

namespace schoolgate::config {

/// categories.yaml; first, because the other files name categories.
void read_categories(const YamlNode& root, Report& report, rules::CategoryTable& categories);

/// schoolgate.yaml; the time zone and what may be inspected also go into `policy`, whose categories must be complete.
void read_schoolgate(const YamlNode& root, Report& report, Settings& settings, rules::PolicySpec& policy);

/// `identity` in schoolgate.yaml; `listen` must have been read.
void read_identity(const YamlNode& node, Report& report, const Listen& listen, identity::IdentitySettings& identity);

/// `forward` in schoolgate.yaml.
void read_forward(const YamlNode& node, Report& report, std::optional<casework::ForwardSettings>& forward);

/// policy.yaml: groups and fallback.
void read_policy(const YamlNode& root, Report& report, rules::PolicySpec& policy);

/// One of rules/*.yaml: adds its rules, lists and tests.
void read_rules(const YamlNode& root, Report& report, rules::PolicySpec& policy);

/// lists.yaml.
void read_lists(const YamlNode& root, Report& report, const rules::CategoryTable& categories,
                std::vector<ListConfig>& lists, ListUpdateConfig& updates);

/// alerts.yaml.
void read_alerts(const YamlNode& root, Report& report, casework::AlertSettings& alerts);

}  // namespace schoolgate::config
