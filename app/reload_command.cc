// schoolgate reload: tell the running gateway to load its configuration again.
#include <cstdio>

#include "app/command.h"
#include "app/control_plane.h"
#include "app/read_configuration.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kReloadHelp = R"(schoolgate reload --config DIR

Tells the gateway that runs on this configuration to load it again, and waits for its answer. Prints the version of the
policy that is now in force. A configuration with a mistake is refused: its problems are printed, the policy that was
in force stays, and the exit status is 1.
)";

int reload(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {}});
  if (!arguments) return usage_error(kReloadCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kReloadCommand, {Fault::client, "--config DIR is missing", {}});

  const auto configuration = read_configuration(*arguments);
  if (!configuration) {
    std::fputs("schoolgate: not reloaded; the policy in force stays\n", stderr);
    return kProblem;
  }
  const auto answer = ask_running_gateway(configuration->settings.state, "reload");
  if (!answer) return report(answer.error());
  if (answer->done) {
    print(answer->text);
    return kDone;
  }
  std::fputs(answer->text.c_str(), stderr);
  return kProblem;
}

}  // namespace

const Command kReloadCommand{"reload", "tell the running gateway to load its configuration again", kReloadHelp, reload};

}  // namespace schoolgate::app
