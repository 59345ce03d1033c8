#include "app/group_view.h"

#include <optional>
#include <utility>

#include "app/start_policy.h"

namespace schoolgate::app {
namespace {

struct GroupView {
  std::filesystem::path state;
  std::string version;
};

std::optional<GroupView> view;  // NOLINT: of one thread, before there is another

}  // namespace

void answer_for_group(std::filesystem::path state, std::string version) {
  view = GroupView{std::move(state), std::move(version)};
}

bool answers_for_group() noexcept { return view.has_value(); }

config::Loaded configuration_asked_about(const std::filesystem::path& folder) {
  if (!view) return config::load(folder);
  config::Loaded accepted = accepted_configuration(view->state, folder);
  if (accepted.configuration && accepted.configuration->version == view->version) return accepted;
  return {std::nullopt,
          {{.at = {.file = (view->state / "accepted").string()},
            .message = "cannot read the configuration in force: it is not the one that was accepted last",
            .hint = "`schoolgate status` says what serves in its place"}}};
}

}  // namespace schoolgate::app
