// schoolgate backup: one file of which a gateway can be made again on an empty machine.
#include <cstdio>

#include "app/command.h"
#include "app/file_status.h"
#include "app/named_owner.h"
#include "app/progress_line.h"
#include "app/read_password.h"
#include "app/released.h"
#include "app/state_place.h"
#include "app/table.h"
#include "app/write_backup.h"
#include "config/load.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kBackupHelp =
    R"(schoolgate backup --config DIR --output FILE [--encrypt | --passphrase-file PASSPHRASE]

Writes one file with the configuration folder and the whole state folder: keys, the authority, accounts, people, the breach
log and its chain, the desk, measures, allowances, lists, the accepted configuration. `schoolgate restore` makes the same gateway
of it on an empty machine. A gateway that runs goes on meanwhile, and nothing of its is changed.

FILE is for its owner alone (mode 0600) and is replaced in one step, when the backup is whole. Without a passphrase it holds the
authority's private key and the school's records in clear. A decision log outside the state folder is not in it, nor is any
other file that the configuration names outside the two folders.

  --encrypt                      asks for a passphrase at the terminal, twice
  --passphrase-file PASSPHRASE   takes the first line of this file; without the passphrase, no one can restore
)";

std::string size_text(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", double(bytes) / 1e6);
  return text;
}

Result<backup::About> about_gateway(const std::filesystem::path& folder, const std::filesystem::path& state) {
  const auto config_owner = named_owner_of(folder), state_owner = named_owner_of(state);
  if (!config_owner) return std::unexpected(config_owner.error());
  if (!state_owner) return std::unexpected(state_owner.error());
  const config::Loaded loaded = config::load(folder);
  backup::About about{.version = std::string(version()),
                      .school = "(its configuration has mistakes)",
                      .gateway = "unknown",
                      .time = wall_now(),
                      .config = *config_owner,
                      .state = *state_owner};
  if (loaded.configuration) {
    about.school = loaded.configuration->settings.site.name;
    about.gateway = loaded.configuration->settings.site.gateway;
  }
  return about;
}

int back_up(std::span<const std::string_view> words) {
  store::only_ask();
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--output", "--passphrase-file"}, .switches = {"--encrypt"}});
  if (!arguments) return usage_error(kBackupCommand, arguments.error());
  for (const char* option : {"--config", "--output"})
    if (arguments->get(option).empty())
      return usage_error(kBackupCommand, {Fault::client, std::string(option) + " is missing", {}});
  const std::filesystem::path folder = std::filesystem::absolute(arguments->get("--config")).lexically_normal();
  const auto state = state_of(folder);
  if (!state) return report(state.error());
  const auto placed = state_place(folder, folder);  // what a restore of this will ask
  if (!placed) return report(placed.error());
  if (*placed != *state)
    return report({Fault::config,
                   "the state is in " + state->string() + ", and a restore would put it into " + placed->string(),
                   "correct the mistakes first: schoolgate check"});
  const auto about = about_gateway(folder, *state);
  if (!about) return report(about.error());
  identity::Secret passphrase;
  if (arguments->has("--encrypt") || arguments->has("--passphrase-file")) {
    auto read = read_passphrase(arguments->get("--passphrase-file"), Passphrase::is_new);
    if (!read) return report(read.error());
    passphrase = std::move(*read);
  }
  const std::filesystem::path output = std::filesystem::absolute(arguments->get("--output"));
  ProgressLine progress;
  const auto done = write_backup(
      {.config = folder, .state = *state, .output = output, .passphrase = passphrase.view(), .about = *about},
      [&](std::string_view name) { progress.show("reading " + std::string(name)); });
  progress.show("");
  if (!done) return report(done.error());
  print(arguments->get("--output") + ": " + counted(done->files, "file", "files") + " of gateway " + about->gateway +
        ", " + size_text(done->bytes) + (passphrase.empty() ? "\n" : ", encrypted\n"));
  if (passphrase.empty())
    std::fputs(
        "schoolgate: not encrypted: whoever has this file has the authority's private key and the school's records\n",
        stderr);
  return kDone;
}

}  // namespace

const Command kBackupCommand{"backup", "write the whole gateway into one file", kBackupHelp, back_up};

}  // namespace schoolgate::app
