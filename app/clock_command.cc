// schoolgate clock: what the gateway thinks of the machine's clock, and the administrator's word on it.
#include <cstdio>

#include "app/command.h"
#include "app/control_plane.h"
#include "app/read_configuration.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kClockHelp = R"(schoolgate clock --config DIR [--confirm]

Says whether the running gateway believes the machine's clock; exit status 1 when it does not. It holds the clock
against a time server's state and against the time at which it last believed it. While it does not, nothing is removed after its time and no alert is given up.

  --confirm   the clock is right: the gateway believes it from now on. For a gateway that was off for weeks, without a
              time server.
)";

int clock(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {"--confirm"}});
  if (!arguments) return usage_error(kClockCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kClockCommand, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const auto answer =
      ask_running_gateway(configuration->settings.state, arguments->has("--confirm") ? "clock-confirm" : "clock");
  if (!answer) return report(answer.error());
  print(answer->text);
  return answer->done ? kDone : kProblem;
}

}  // namespace

const Command kClockCommand{"clock", "say whether the machine's clock is believed, or confirm it", kClockHelp, clock};

}  // namespace schoolgate::app
