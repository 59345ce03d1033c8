#include "app/start_policy.h"

#include <cstdlib>
#include <system_error>
#include <vector>

#include "app/table.h"
#include "base/file.h"

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

// The first place that holds an accepted configuration.
std::optional<fs::path> accepted_state(const std::vector<fs::path>& places) {
  for (const fs::path& state : places) {
    std::error_code unreadable;
    if (fs::exists(state / "accepted" / "schoolgate.yaml", unreadable)) return state;
  }
  return std::nullopt;
}

std::string accepted_version(const fs::path& state) {
  return read_file(state / "accepted" / ".version").value_or(std::string());
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

}  // namespace

std::optional<fs::path> state_named_in(std::string_view yaml, const fs::path& folder) {
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
    return folder / fs::path(line);
  }
  return std::nullopt;
}

config::Loaded accepted_configuration(const fs::path& state, const fs::path& folder) {
  return config::load_copy(state / "accepted", folder);
}

std::expected<LoadedPolicy, Problems> start_policy(const fs::path& folder, TimePoint now) {
  const config::Loaded files = config::load(folder);
  const auto serve_files = [&] {
    return policy_from(files, folder, now, RefusedLists::serve_last_good, ListUse::put_in_force);
  };
  const std::optional<fs::path> state = accepted_state(places_of_state(files, folder));
  // Nothing was accepted yet, or these very files were: then only what they cannot be served without refuses them.
  if (!state || (files.configuration && accepted_version(*state) == files.configuration->version)) return serve_files();

  auto changed = policy_from(files, folder, now, RefusedLists::refuse_all, ListUse::put_in_force);
  if (changed) return changed;
  config::Loaded accepted = accepted_configuration(*state, folder);
  std::error_code unreadable;
  // A copy of another gateway's state, or one that was moved: its own settings must lead back here.
  const bool ours =
      accepted.configuration && fs::equivalent(accepted.configuration->settings.state, *state, unreadable);
  auto last_good =
      ours ? policy_from(std::move(accepted), folder, now, RefusedLists::serve_last_good, ListUse::put_in_force)
           : std::unexpected(Problems());
  if (!last_good) return serve_files();
  last_good->fallbacks.insert(
      last_good->fallbacks.begin(),
      {"configuration", reason(changed.error()) + "; the configuration that was accepted last is in force (" +
                            last_good->configuration.version + "). Mend the files, then: schoolgate reload"});
  return last_good;
}

}  // namespace schoolgate::app
