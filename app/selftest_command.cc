// schoolgate selftest: does the gateway that runs here block what must be blocked, and allow what must be allowed?
#include <algorithm>
#include <cstdio>

#include "app/act_as_owner.h"
#include "app/command.h"
#include "app/control_plane.h"
#include "app/load_policy.h"
#include "app/progress_line.h"
#include "app/read_configuration.h"
#include "app/selftest_run.h"
#include "app/table.h"
#include "proxy/net/destination_guard.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kSelftestHelp = R"(schoolgate selftest --config DIR [--json] [--through-firewall]

Sends real requests through the gateway that runs on this configuration and compares its answers with the
policy: every test of rules/*.yaml, and for each category that a list gets refused one name of that list. A refusal
must also be found in the breach log. Where the gateway opens TLS (schoolgate inspect-report) the whole address
is asked for inside, trusting the school's authority alone; any other host over HTTPS is asked for by its name.

Then it stands in for a device of every group: for each category that the group blocks or warns of it asks for one
listed name, through the explicit proxy and as transparent HTTP and TLS, over IPv4 and IPv6, as far as the gateway
listens there. What the gateway would let through of these it refuses as well, so none of them leaves.

The requests come from this machine's own addresses and say so (User-Agent: schoolgate-selftest). They are recorded like
any others, marked as the self-test's: they raise no alert, and no episode or report counts them. Tests for a group that
none of these addresses is in, for another time, or for illegal content are judged by the same policy but not sent; they
and the categories without a name to try are listed and count as no pass. A site that is allowed and does not answer
counts as allowed.

Prints a table, stores the result in the state folder (selftest/TIME.json) and in the desk's log of checks, and exits
with 1 when any check differs.

  --json                print what is stored instead of the table
  --through-firewall    try the groups' probes alone, as devices behind the kernel's firewall. Works inside the network
                        namespace that /usr/lib/schoolgate/firewall-probe makes; schoolgate-firewall-probe.timer runs it
                        twice a day. A difference alerts it and the lead.
)";

/// Fault host: no gateway here, or one that serves something else than the folder holds.
Result<void> require_same_policy(const LoadedPolicy& loaded) {
  const auto answer = ask_running_gateway(loaded.configuration.settings.state, "version");
  if (!answer) return std::unexpected(answer.error());
  const std::string running = answer->text.substr(0, answer->text.find('\n'));
  if (answer->done && running == loaded.snapshot->version()) return {};
  return fail(Fault::config,
              "the gateway serves policy " + running + ", the folder holds " + loaded.snapshot->version(),
              "reload first: schoolgate reload");
}

// One question on the control socket, which only the gateway's user and root can open.
OrWhy<void> announce_to_gateway(const std::filesystem::path& state, const net::Endpoint& from, std::string_view group) {
  std::string question = "selftest-from " + from.text();
  if (!group.empty()) question += " as " + std::string(group);
  const auto answer = ask_running_gateway(state, question);
  if (answer && answer->done) return {};
  return std::unexpected("the gateway does not take note of the self-test: " +
                         (answer ? answer->text : answer.error().text()));
}

bool is_in_probe_namespace() {
  return std::ranges::any_of(net::own_addresses(),
                             [](const names::IpAddress& address) { return address.text() == kProbeDevice4; });
}

int selftest(std::span<const std::string_view> words) {
  const auto arguments =
      Arguments::read(words, {.options = {"--config"}, .switches = {"--json", "--through-firewall"}});
  if (!arguments) return usage_error(kSelftestCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kSelftestCommand, {Fault::client, "--config DIR is missing", {}});

  const bool through_firewall = arguments->has("--through-firewall");
  if (through_firewall && !is_in_probe_namespace())
    return report({Fault::client, "this is not the namespace of the firewall's test",
                   "run /usr/lib/schoolgate/firewall-probe, which makes it, as root"});

  // Loading a policy may compile lists into the state folder, and the result is stored there.
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  if (auto acts = act_as_owner(configuration->settings.state); !acts) return report(acts.error());
  const TimePoint now = wall_now();
  const auto loaded = load_policy(arguments->get("--config"), now, RefusedLists::serve_last_good);
  if (!loaded) return report(loaded.error());
  if (auto same = require_same_policy(*loaded); !same) return report(same.error());
  const config::Settings& settings = loaded->configuration.settings;
  const AnnounceAs announce = [&](const net::Endpoint& from, std::string_view group) {
    return announce_to_gateway(settings.state, from, group);
  };
  const auto done = [&] {
    ProgressLine progress;
    const auto planned = [&](std::size_t checks) {
      progress.show("asking the gateway: " + counted(checks, "check", "checks"));
    };
    return through_firewall ? run_firewall_selftest(*loaded, now, announce, planned)
                            : run_selftest(*loaded, now, announce, planned);
  }();
  if (!done) return report(done.error());
  const std::size_t good = done->as_expected(), all = done->sent();
  if (arguments->has("--json"))
    print(json_of(*done));
  else
    print(table_of(*done) + std::to_string(good) + " of " + std::to_string(all) + " checks as expected, " +
          std::to_string(done->not_tried()) + " not tried\n");
  const std::string_view by = through_firewall ? "the firewall's test" : "schoolgate selftest";
  if (auto kept = keep_selftest(*done, *loaded, by); !kept) return report(kept.error());
  if (through_firewall && good != all) {
    const std::string differs = "selftest-differs " + std::to_string(all - good) + " of " + std::to_string(all);
    if (auto told = ask_running_gateway(settings.state, differs); !told) return report(told.error());
  }
  return good == all ? kDone : kProblem;
}

}  // namespace

const Command kSelftestCommand{"selftest", "test the running gateway with blocked and allowed addresses", kSelftestHelp,
                               selftest};

}  // namespace schoolgate::app
