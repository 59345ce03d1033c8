// schoolgate: the commands.
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "app/ask_as_member.h"
#include "app/command.h"

namespace schoolgate::app {
namespace {

const Command* const kCommands[] = {
    &kRunCommand,      &kStatusCommand, &kCheckCommand,    &kReloadCommand,        &kExplainCommand,   &kListsCommand,
    &kBreachesCommand, &kCaCommand,     &kFirewallCommand, &kInspectReportCommand, &kSelftestCommand,  &kPeopleCommand,
    &kDevicesCommand,  &kUserCommand,   &kSessionCommand,  &kExamCommand,          &kEmergencyCommand, &kReportCommand,
    &kNeedsCommand,    &kReplayCommand, &kChangesCommand,  &kBackupCommand,        &kRestoreCommand,   &kClockCommand,
    &kResolverCommand, &kVersionCommand};

void print_overview(std::FILE* to) {
  std::fputs("schoolgate: a school's web filter\n\nusage: schoolgate COMMAND [options]\n\n", to);
  for (const Command* command : kCommands)
    std::fprintf(to, "  %-14.*s %.*s\n", int(command->name.size()), command->name.data(), int(command->summary.size()),
                 command->summary.data());
  std::fputs("\nschoolgate COMMAND --help tells more. Exit status: 0 done, 1 a problem was found, 2 wrong usage.\n",
             to);
}

}  // namespace

int main(std::span<const std::string_view> words) {
  if (words.empty()) {
    print_overview(stderr);
    return kUsage;
  }
  if (words[0] == "--help" || words[0] == "help" || words[0] == "-h") {
    print_overview(stdout);
    return kDone;
  }
  if (words[0] == "--version") return kVersionCommand.run({});
  for (const Command* command : {&kKeyHolderCommand, &kAnswerQuestionCommand})
    if (command->name == words[0]) return command->run(words.subspan(1));
  for (const Command* command : kCommands) {
    if (command->name != words[0]) continue;
    const auto rest = words.subspan(1);
    for (const std::string_view word : rest) {
      if (word == "--") break;
      if (word == "--help" || word == "-h") {
        print(command->help);
        return kDone;
      }
    }
    if (const auto answered = ask_as_member(command->name, rest)) return *answered;
    return command->run(rest);
  }
  std::fprintf(stderr, "schoolgate: no command '%.*s'\n", int(words[0].size()), words[0].data());
  print_overview(stderr);
  return kUsage;
}

}  // namespace schoolgate::app

int main(int argc, char** argv) {
  ::prctl(PR_SET_DUMPABLE, 0);  // no core dumps: memory holds what pupils asked for, and sealed lists
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  return schoolgate::app::main(words);
}
