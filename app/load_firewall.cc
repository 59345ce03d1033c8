#include "app/load_firewall.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/ascii.h"
#include "proxy/net/file_descriptor.h"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace schoolgate::app {
namespace {

// Runs a program of the system's folders with `input` at its standard input; its exit status. What it says goes where
// ours does, or to the file `says`.
Result<int> run(const std::vector<std::string>& words, std::string_view input, const char* says = nullptr) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("no pipe", errno);
  const net::FileDescriptor reads(ends[0]);
  net::FileDescriptor writes(ends[1]);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, reads.get(), STDIN_FILENO);
  if (says) posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, says, O_WRONLY, 0);
  ::pid_t child = -1;
  const int error = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    return fail_errno("cannot run " + words.front(), error, "install it: nftables, iproute2, procps, kmod");
  ::signal(SIGPIPE, SIG_IGN);  // a child that ends early
  while (!input.empty()) {
    const auto sent = ::write(writes.get(), input.data(), input.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) break;
    input.remove_prefix(std::size_t(sent));
  }
  writes = {};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return fail_errno("lost " + words.front(), errno);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> out;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) out.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return out;
}

}  // namespace

std::vector<std::vector<std::string>> machine_commands(std::string_view ruleset) {
  constexpr std::string_view kCommand = "#   ";
  std::vector<std::vector<std::string>> out;
  while (ruleset.starts_with('#')) {
    const std::size_t end = std::min(ruleset.find('\n'), ruleset.size());
    const std::string_view line = ruleset.substr(0, end);
    if (line.starts_with(kCommand)) out.push_back(words_of(line.substr(kCommand.size())));
    ruleset.remove_prefix(std::min(end + 1, ruleset.size()));
  }
  return out;
}

Result<void> load_firewall(std::string_view ruleset) {
  const auto loaded = run({"nft", "-f", "-"}, ruleset);
  if (!loaded) return std::unexpected(loaded.error());
  if (*loaded != 0) return fail(Fault::host, "nft refused the ruleset", "its reasons stand above; is this root?");
  for (const auto& command : machine_commands(ruleset)) {
    // Policy routing would be refused where it is there already, or stand there twice.
    const bool adds = command.size() > 3 && command[0] == "ip" && command[3] == "add";
    if (adds) {
      auto there = command;
      there[3] = "del";
      (void)run(there, {}, "/dev/null");
    }
    const auto done = run(command, {});
    if (!done || *done != 0)
      std::fprintf(stderr, "schoolgate: warning: this failed: %s\n", joined(command, " ").c_str());
  }
  return {};
}

std::filesystem::path kept_ruleset() {
  const char* folder = std::getenv("STATE_DIRECTORY");
  return std::filesystem::path(folder && *folder ? folder : "/var/lib/schoolgate-firewall") / "loaded.nft";
}

}  // namespace schoolgate::app
