// schoolgate status: one screen, protected or not.
#include "app/command.h"
#include "app/control_plane.h"
#include "app/file_status.h"
#include "app/read_configuration.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kStatusHelp = R"(schoolgate status --config DIR [--json]

One screen: whether every group is protected in every category that it blocks, warns of or monitors; the lists and how
old each is; the firewall, the clock, what serves in the place of something else since the start, what ends within 60
days (authority, certificates, licences, accounts, accepted terms), and the last alert.
Exit status 0 where everybody is protected (known_gaps of schoolgate.yaml excused), else 1, with the reasons first.

The running gateway is asked, also by members of the group schoolgate. Where none runs, that is the first reason, and
the rest is what the files say. Nothing is written.

  --json   one JSON object
)";

int status(std::span<const std::string_view> words) {
  store::only_ask();
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {"--json"}});
  if (!arguments) return usage_error(kStatusCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kStatusCommand, {Fault::client, "--config DIR is missing", {}});
  const std::filesystem::path folder = arguments->get("--config");
  const bool json = arguments->has("--json");
  const auto state = state_of(folder);
  if (!state) return report(state.error());
  const auto answer = ask_running_gateway(*state, json ? "status-json" : "status");
  if (answer) {
    print(answer->text);
    return answer->done ? kDone : kProblem;
  }
  report(answer.error());
  const auto of_files = status_of_files(folder, wall_now());
  if (!of_files) return report(of_files.error());
  print(json ? status_json(*of_files, wall_now()) : status_words(*of_files, wall_now()));
  return kProblem;
}

}  // namespace

const Command kStatusCommand{"status", "say whether everybody is protected, on one screen", kStatusHelp, status};

}  // namespace schoolgate::app
