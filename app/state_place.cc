#include "app/state_place.h"

#include <system_error>

#include "app/start_policy.h"
#include "base/file.h"
#include "config/load.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

Result<fs::path> named_in(const fs::path& files, const fs::path& folder) {
  if (const config::Loaded loaded = config::load_copy(files, folder); loaded.configuration)
    return loaded.configuration->settings.state;
  const auto text = read_file(files / "schoolgate.yaml");
  if (!text) return fail(Fault::host, "there is no schoolgate.yaml that says where the state is");
  if (auto named = state_named_in(*text, folder)) return *named;
  return fail(Fault::host, "the schoolgate.yaml names no state folder", "see schoolgate check");
}

}  // namespace

fs::path place_of(const fs::path& folder) {
  std::error_code error;
  const fs::path resolved = fs::weakly_canonical(fs::absolute(folder).lexically_normal(), error);
  fs::path place = error ? fs::absolute(folder).lexically_normal() : resolved;
  return place.has_filename() ? place : place.parent_path();
}

Result<fs::path> state_place(const fs::path& files, const fs::path& folder) {
  auto named = named_in(files, fs::absolute(folder).lexically_normal());
  if (!named) return named;
  const fs::path state = place_of(*named), configuration = place_of(folder);
  if (state == configuration || configuration.lexically_relative(state).begin()->string() != "..")
    return fail(Fault::client, "the state folder, " + state.string() + ", would hold its configuration",
                "give the state a folder of its own");
  return named;
}

}  // namespace schoolgate::app
