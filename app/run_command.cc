// schoolgate run: serve until told to stop.
#include "app/command.h"
#include "app/control_plane.h"
#include "app/load_policy.h"
#include "app/running_gateway.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kHelp = R"(schoolgate run --config DIR

Serves until SIGTERM or SIGINT, then lets running requests finish. SIGHUP, or `schoolgate reload`, loads the
configuration again; one that has a mistake is refused and the policy in force stays. Settings of schoolgate.yaml
(addresses, limits, paths) are read at the start only.
)";

int run(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {}});
  if (!arguments) return usage_error(kRunCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kRunCommand, {Fault::client, "--config DIR is missing", {}});

  const std::filesystem::path folder = arguments->get("--config");
  auto loaded = load_policy(folder, wall_now(), RefusedLists::serve_last_good);
  if (!loaded) return report(loaded.error());
  report(loaded->warnings);
  auto gateway = RunningGateway::make(folder, std::move(*loaded));
  if (!gateway) return report(gateway.error());

  if (auto served = run_control_plane(**gateway); !served) return report(served.error());
  return kDone;
}

}  // namespace

const Command kRunCommand{"run", "serve until told to stop", kHelp, run};

}  // namespace schoolgate::app
