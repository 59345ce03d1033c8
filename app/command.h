// A subcommand of schoolgate: one small file each, named <command>_command.cc.
#pragma once

#include <span>
#include <string_view>

#include "app/arguments.h"
#include "base/error.h"
#include "base/problem.h"

namespace schoolgate::app {

/// Exit statuses, everywhere the same (contract section 2).
enum ExitStatus : int { kDone = 0, kProblem = 1, kUsage = 2 };

struct Command {
  std::string_view name;     ///< "check"
  std::string_view summary;  ///< one line for the list of commands
  std::string_view help;     ///< what --help prints
  int (*run)(std::span<const std::string_view> words);
};

extern const Command kRunCommand, kCheckCommand, kReloadCommand, kExplainCommand, kListsCommand, kBreachesCommand,
    kCaCommand, kFirewallCommand, kInspectReportCommand, kSelftestCommand, kUserCommand, kVersionCommand,
    kPeopleCommand, kDevicesCommand, kSessionCommand, kExamCommand, kEmergencyCommand, kReportCommand, kNeedsCommand,
    kClockCommand, kStatusCommand, kResolverCommand, kBackupCommand, kRestoreCommand, kReplayCommand, kChangesCommand;
/// Not for people: the process that holds the authority's private key, started by `run`.
extern const Command kKeyHolderCommand;
/// Not for people: the process in which a question of a member of the group is answered (group_question.h).
extern const Command kAnswerQuestionCommand;

/// "schoolgate COMMAND: what" and the usage line on stderr; returns kUsage.
int usage_error(const Command& command, const Error& error);
/// The error on stderr; returns kProblem.
int report(const Error& error);
/// Every problem on stderr, one a line; returns kProblem when one of them is an error, else kDone.
int report(const Problems& problems);

/// Writes to stdout; false when nobody reads any more.
bool print(std::string_view text);

}  // namespace schoolgate::app
