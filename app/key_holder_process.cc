#include "app/key_holder_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "app/command.h"
#include "proxy/tls/key_holder.h"

extern char** environ;

namespace schoolgate::app {
namespace {

// The holder's end of the channel in the holder's process.
constexpr int kChannel = 3;

int hold_key(std::span<const std::string_view> words) {
  if (words.size() != 1 || ::fcntl(kChannel, F_GETFD) < 0) {
    std::fputs("schoolgate: the key holder is started by `schoolgate run`, not by hand\n", stderr);
    return kUsage;
  }
  if (auto held = tls::run_key_holder(kChannel, std::filesystem::path(words[0])); !held) return report(held.error());
  return kDone;
}

}  // namespace

const Command kKeyHolderCommand{"key-holder", "hold the authority's key", "", hold_key};

KeyHolderProcess::KeyHolderProcess(std::filesystem::path folder) : folder_(std::move(folder)) {}

KeyHolderProcess::~KeyHolderProcess() { end(); }

Result<net::FileDescriptor> KeyHolderProcess::start() {
  end();
  auto channel = tls::key_channel();
  if (!channel) return std::unexpected(std::move(channel.error()));
  // A descriptor that is already where it should be would stay close-on-exec: so it is moved out of the way first.
  const net::FileDescriptor holder(::fcntl(channel->holder.get(), F_DUPFD_CLOEXEC, kChannel + 1));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, holder.get(), kChannel);
  // Nothing else of ours, whoever opened it and forgot to say so: a caller of `reload` waits for its connection's
  // end.
  posix_spawn_file_actions_addclosefrom_np(&actions, kChannel + 1);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawnattr_t attributes;  // a group of its own: Ctrl-C is for the gateway, which still answers while it drains
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::string program = "schoolgate", verb(kKeyHolderCommand.name), path = folder_.string();
  char* const words[] = {program.data(), verb.data(), path.data(), nullptr};
  const int error = ::posix_spawn(&child_, "/proc/self/exe", &actions, &attributes, words, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    child_ = -1;
    return fail(Fault::host,
                "the process that holds the authority's key cannot start: " + std::generic_category().message(error));
  }
  return std::move(channel->asker);
}

void KeyHolderProcess::end() {
  if (child_ <= 0) return;
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  child_ = -1;
}

}  // namespace schoolgate::app
