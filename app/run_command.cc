// schoolgate run: serve until told to stop.
#include "app/command.h"
#include "app/control_plane.h"
#include "app/load_policy.h"
#include "app/running_gateway.h"
#include "app/start_policy.h"
#include "base/log.h"
#include "proxy/net/linux/privileges.h"
#include "proxy/net/linux/sandbox.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kRunHelp = R"(schoolgate run --config DIR [--strict]

Serves until SIGTERM or SIGINT, then lets running requests finish. SIGHUP, or `schoolgate reload`, loads the
configuration again; one that has a mistake is refused and the policy in force stays. Settings of schoolgate.yaml
(addresses, limits, paths) are read at the start only.

What was accepted once starts again: where the files have a mistake now, the configuration that was accepted last
serves; where a disk is full or a file damaged, the gateway serves strictly without it. `schoolgate status` says so.

  --strict    refuse to start where a reload would be refused
)";

using net::Capability;

// What the gateway could do before and needs no more, on the only thread that there is yet. A machine on which a part
// of it is not to be had (no seccomp in the kernel) is told so and filters all the same.
void give_up_privileges() {
  const auto warn = [](const Result<void>& given_up) {
    if (!given_up) log::warning("not confined", {{"why", given_up.error().text()}});
  };
  warn(net::leave_no_core());
  warn(net::keep_capabilities({Capability::bind_service, Capability::net_admin}));
  warn(net::confine(net::Confinement::gateway));
}

// Once the doors for traffic are open: a port below 1024 may still be wanted by what the control plane opens, marks and
// transparent sockets are where traffic is intercepted. Before the workers' threads, which have what this one has.
void give_up_what_opening_took(const config::Settings& settings) {
  const auto low = [](const std::optional<config::Endpoint>& at) { return at && at->port < 1024; };
  const bool opens_more = low(settings.listen.console) || low(settings.listen.metrics);
  const bool intercepts = !settings.listen.http.empty() || !settings.listen.tls.empty();
  const auto given_up = opens_more   ? net::keep_capabilities({Capability::bind_service, Capability::net_admin})
                        : intercepts ? net::keep_capabilities({Capability::net_admin})
                                     : net::keep_capabilities({});
  if (!given_up) log::warning("capabilities are kept", {{"why", given_up.error().text()}});
}

int run_gateway(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {"--strict"}});
  if (!arguments) return usage_error(kRunCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kRunCommand, {Fault::client, "--config DIR is missing", {}});

  give_up_privileges();
  const std::filesystem::path folder = arguments->get("--config");
  auto loaded = arguments->has("--strict")
                    ? load_policy(folder, wall_now(), RefusedLists::refuse_all, ListUse::put_in_force)
                    : start_policy(folder, wall_now());
  if (!loaded) return report(loaded.error());
  report(loaded->warnings);
  auto gateway = RunningGateway::make(folder, std::move(*loaded));
  if (!gateway) return report(gateway.error());
  give_up_what_opening_took((*gateway)->settings());

  if (auto served = run_control_plane(**gateway); !served) return report(served.error());
  return kDone;
}

}  // namespace

const Command kRunCommand{"run", "serve until told to stop", kRunHelp, run_gateway};

}  // namespace schoolgate::app
