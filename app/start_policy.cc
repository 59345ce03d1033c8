#include "app/start_policy.h"

#include <cstdlib>
#include <system_error>
#include <vector>

#include "app/table.h"
#include "base/file.h"
#include "breaches/audit_log.h"
#include "config/yaml_tree.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBlanks = " \t\r\"'";

// Where the state may be: as the configuration says, else as its broken text says, else as the service manager says
// (STATE_DIRECTORY, systemd.exec(5)).
std::vector<fs::path> places_of_state(const config::Loaded& loaded, const fs::path& folder) {
  if (loaded.configuration) return {loaded.configuration->settings.state};
  std::vector<fs::path> places;
  if (const auto text = read_file(folder / "schoolgate.yaml"))
    if (auto named = state_named_in(*text, folder)) places.push_back(std::move(*named));
  if (const char* of_service = std::getenv("STATE_DIRECTORY"))
    places.emplace_back(std::string_view(of_service).substr(0, std::string_view(of_service).find(':')));
  return places;
}

/// What was accepted last, as far as the state folder still knows.
struct AcceptedBefore {
  std::string version;                        ///< empty: not known
  std::optional<config::Configuration> copy;  ///< whole, and of this gateway
  std::string why_not;                        ///< something was accepted once, and there is no copy to serve
};

AcceptedBefore read_accepted(const fs::path& state, const fs::path& folder) {
  AcceptedBefore accepted{.version = read_file(state / "accepted" / ".version").value_or(std::string())};
  const std::string copy =
      "the copy of the configuration that was accepted last, " + (state / "accepted").string() + ", ";
  config::Loaded loaded = accepted_configuration(state, folder);
  std::error_code unreadable;
  if (!loaded.configuration)
    accepted.why_not = copy + "cannot be read";
  else if (!fs::equivalent(loaded.configuration->settings.state, state, unreadable))
    accepted.why_not = copy + "is of another gateway";  // or the folder was moved: its own settings must lead back here
  else if (!accepted.version.empty() && loaded.configuration->version != accepted.version)
    accepted.why_not = copy + "is damaged";
  else
    accepted.copy = std::move(loaded.configuration);
  return accepted;
}

// By the audit log: it has a record of each start and reload that accepted something.
bool was_ever_accepted(const fs::path& state) {
  bool found = false;
  const auto listed = breaches::list_audit(state, [&](std::string_view record) {
    found = record.contains(R"("what":"start")") || record.contains(R"("what":"reload")");
    return !found;
  });
  return listed && found;
}

// In the first place that knows of one.
AcceptedBefore find_accepted(const std::vector<fs::path>& places, const fs::path& folder) {
  std::error_code unreadable;
  for (const fs::path& state : places)
    if (fs::exists(state / "accepted", unreadable)) return read_accepted(state, folder);
  AcceptedBefore none;
  for (const fs::path& state : places)
    if (was_ever_accepted(state))
      none.why_not = "the copy of the configuration that was accepted last is gone from " + state.string();
  return none;
}

void add_fallback(LoadedPolicy& loaded, std::string why) {
  loaded.fallbacks.insert(loaded.fallbacks.begin(), {"configuration", std::move(why)});
}

std::string reason(const Problems& problems) {
  std::size_t errors = 0;
  std::string first;
  for (const Problem& problem : problems) {
    if (problem.severity != Problem::Severity::error) continue;
    if (errors++ == 0) first = problem.text();
  }
  return errors > 1 ? first + " (and " + counted(errors - 1, "more problem", "more problems") + ")" : first;
}

// As the loader reads it; null, a list and an empty text name none.
std::optional<fs::path> state_in(const config::YamlNode& root, const fs::path& folder) {
  std::optional<fs::path> found;
  for (const config::YamlEntry& entry : root.entries) {
    if (entry.key.text != "state") continue;
    if (found || entry.value.kind != config::YamlNode::Kind::scalar || entry.value.text.empty()) return std::nullopt;
    found = (folder / entry.value.text).lexically_normal();
  }
  return found;
}

}  // namespace

std::optional<fs::path> state_named_in(std::string_view yaml, const fs::path& folder) {
  Problems ignored;
  if (const auto root = config::parse_yaml(yaml, "schoolgate.yaml", ignored)) return state_in(*root, folder);
  constexpr std::string_view kKey = "state:";
  while (!yaml.empty()) {
    const std::size_t end = yaml.find('\n');
    std::string_view line = yaml.substr(0, end);
    yaml.remove_prefix(end == std::string_view::npos ? yaml.size() : end + 1);
    if (!line.starts_with(kKey)) continue;
    line.remove_prefix(kKey.size());
    line = line.substr(0, line.find(" #"));
    const std::size_t first = line.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return std::nullopt;
    line = line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
    return (folder / fs::path(line)).lexically_normal();
  }
  return std::nullopt;
}

config::Loaded accepted_configuration(const fs::path& state, const fs::path& folder) {
  return config::load_copy(state / "accepted", folder);
}

std::expected<LoadedPolicy, Problems> start_policy(const fs::path& folder, TimePoint now) {
  const config::Loaded files = config::load(folder);
  const auto serve = [&](config::Loaded loaded) {
    return policy_from(std::move(loaded), folder, now, RefusedLists::serve_last_good, ListUse::put_in_force);
  };
  AcceptedBefore accepted = find_accepted(places_of_state(files, folder), folder);
  // These very files were accepted: then only what they cannot be served without refuses them.
  if (files.configuration && accepted.version == files.configuration->version) return serve(files);

  auto changed = policy_from(files, folder, now, RefusedLists::refuse_all, ListUse::put_in_force);
  if (changed) return changed;
  if (accepted.copy) {
    auto last_good = serve({std::move(accepted.copy), {}});
    if (last_good) {
      add_fallback(*last_good, reason(changed.error()) + "; the configuration that was accepted last is in force (" +
                                   last_good->configuration.version + "). Mend the files, then: schoolgate reload");
      return last_good;
    }
    accepted.why_not = "the configuration that was accepted last cannot be served either: " + reason(last_good.error());
  }
  auto all_the_same = serve(files);
  if (!all_the_same) return all_the_same;
  all_the_same->was_accepted = accepted.why_not.empty() && all_the_same->failed_tests == 0;
  if (!accepted.why_not.empty())
    add_fallback(*all_the_same, reason(changed.error()) + ", and " + accepted.why_not +
                                    "; the files are in force all the same. Mend them, then: schoolgate reload");
  return all_the_same;
}

}  // namespace schoolgate::app
