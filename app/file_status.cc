#include "app/file_status.h"

#include "app/known_ends.h"
#include "app/load_policy.h"
#include "app/protection_now.h"
#include "app/start_policy.h"
#include "base/file.h"

namespace schoolgate::app {

Result<std::filesystem::path> state_of(const std::filesystem::path& folder) {
  const config::Loaded loaded = config::load(folder);
  if (loaded.configuration) return loaded.configuration->settings.state;
  const auto text = read_file(folder / "schoolgate.yaml");
  if (!text) return std::unexpected(text.error());
  if (auto named = state_named_in(*text, folder)) return *named;
  return fail(Fault::config, "schoolgate.yaml cannot be read and names no state folder", "see schoolgate check");
}

std::expected<GatewayStatus, Problems> status_of_files(const std::filesystem::path& folder, TimePoint now) {
  const auto loaded = load_policy(folder, now, RefusedLists::serve_last_good, ListUse::ask);
  if (!loaded) return std::unexpected(loaded.error());
  const config::Configuration& configuration = loaded->configuration;
  GatewayStatus status = status_of_policy(configuration, *loaded->as_written,
                                          protection_now(configuration, *loaded->as_written, now), now);
  status.take(alert_standing(configuration.settings.state));
  const auto clock = rules::SiteClock::open(configuration.settings.site.timezone);
  const auto people = identity::PeopleDatabase::open(configuration.settings.state);
  status.ends = near_ends(known_ends({.settings = configuration.settings,
                                      .lists = configuration.lists,
                                      .clock = clock ? &*clock : nullptr,
                                      .people = people ? people->get() : nullptr},
                                     now),
                          now);
  return status;
}

}  // namespace schoolgate::app
