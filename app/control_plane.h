// The control plane's loop: signals, the control socket and the one for questions, the metrics page, the service
// manager's watchdog.
//
// One thread (the main one) with an io_context of its own; nothing here is on the path of a request.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "app/running_gateway.h"
#include "base/error.h"

namespace schoolgate::app {

/// Starts the gateway, serves until SIGTERM or SIGINT, then drains. Fault host or config when the metrics address or
/// the control socket cannot be had.
[[nodiscard]] Result<void> run_control_plane(RunningGateway& gateway);

/// What a running gateway answered to a request on its control socket.
struct ControlAnswer {
  bool done = false;
  std::string text;
};

/// Asks the gateway that keeps its state in `state`: "reload", "version", "status", "status-json", "opened",
/// "distrust", "measures", "selftest-from ADDRESS:PORT", "measure-open {…}" or "measure-close {…}". A question that
/// names no person may also go over the socket for questions (question_socket.h). Fault host: none is running there, or
/// this user may not ask it.
[[nodiscard]] Result<ControlAnswer> ask_running_gateway(const std::filesystem::path& state, std::string_view request);

}  // namespace schoolgate::app
