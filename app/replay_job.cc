#include "app/replay_job.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "app/scratch_folder.h"
#include "base/file.h"
#include "base/thread_name.h"

extern char** environ;

namespace schoolgate::app {
namespace {

constexpr std::size_t kReplaysKept = 32, kLongestReplay = 16u << 20;
constexpr auto kLongestRun = std::chrono::minutes(10);

/// nice(1) and this program: what a person would type.
Result<pid_t> start_replaying(const std::filesystem::path& config, const std::filesystem::path& copy,
                              const std::filesystem::path& out, const std::filesystem::path& problems) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string config_text = config.string(), copy_text = copy.string();
  const char* const words[] = {"nice",
                               "-n",
                               "15",
                               self.c_str(),
                               "replay",
                               "--config",
                               config_text.c_str(),
                               "--proposed",
                               copy_text.c_str(),
                               "--since",
                               "7d",
                               "--json",
                               nullptr};
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, problems.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, "nice", &files, &attributes, const_cast<char* const*>(words), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail_errno("the replay could not be started", error);
  return child;
}

/// Its exit status; -1: it took too long, or the gateway ends.
int wait_for_end(pid_t child, const std::stop_token& stop) {
  const auto begun = std::chrono::steady_clock::now();
  for (int status = 0;;) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (ended < 0 && errno != EINTR) return -1;
    if (stop.stop_requested() || std::chrono::steady_clock::now() - begun > kLongestRun) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

ReplayJob::~ReplayJob() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

Result<void> ReplayJob::start(const changes::ChangeControl& control, const changes::Proposal& proposal) {
  const auto standing = control.standing(proposal);
  if (!standing) return std::unexpected(standing.error());
  if (!standing->base.clashes.empty()) return fail(Fault::client, "it does not fit the files as they are");
  auto files = control.files();
  if (!files) return std::unexpected(std::move(files.error()));
  changes::FileTexts proposed = changes::with_files(std::move(*files), standing->base.files, true);
  const std::scoped_lock lock(mutex_);
  if (running_) return fail(Fault::client, "another change is being replayed", "wait until it is done");
  if (thread_.joinable()) thread_.join();  // it has ended
  if (known_.size() >= kReplaysKept) known_.clear();
  running_ = true;
  known_[proposal.number] = {.state = console::ReplayOfChange::State::running, .text = {}, .at = wall_now()};
  thread_ = std::jthread([this, number = proposal.number, proposed = std::move(proposed)](const std::stop_token& stop) {
    name_this_thread("replay");
    run(number, proposed, stop);
  });
  return {};
}

console::ReplayOfChange ReplayJob::state(std::uint64_t number) const {
  const std::scoped_lock lock(mutex_);
  const auto known = known_.find(number);
  return known == known_.end() ? console::ReplayOfChange{} : known->second;
}

void ReplayJob::run(std::uint64_t number, const changes::FileTexts& files, const std::stop_token& stop) {
  using State = console::ReplayOfChange::State;
  auto done = outcome(files, stop);
  const std::scoped_lock lock(mutex_);
  running_ = false;
  known_[number] = {.state = done ? State::done : State::failed,
                    .text = done ? std::move(*done) : done.error().text(),
                    .at = wall_now()};
}

Result<std::string> ReplayJob::outcome(const changes::FileTexts& files, const std::stop_token& stop) {
  if (auto made = make_private_folder(state_ / "changes"); !made) return std::unexpected(std::move(made.error()));
  const auto scratch = ScratchFolder::make(state_ / "changes", "replay", ScratchFolder::Leftovers::are_removed);
  if (!scratch) return std::unexpected(scratch.error());
  const std::filesystem::path copy = scratch->path() / "proposed";
  for (const std::filesystem::path& folder : {copy, copy / "rules"})
    if (auto made = make_private_folder(folder); !made) return std::unexpected(std::move(made.error()));
  for (const auto& [name, text] : files)
    if (auto written = replace_file(copy / name, text); !written) return std::unexpected(std::move(written.error()));
  const std::filesystem::path out = scratch->path() / "out", problems = scratch->path() / "problems";
  const auto child = start_replaying(config_, copy, out, problems);
  if (!child) return std::unexpected(child.error());
  if (wait_for_end(*child, stop) != 0) {
    std::string why = read_file(problems).value_or("");
    if (why.size() > 500) why.resize(500);
    return fail(Fault::host, why.empty() ? "the replay took too long" : why);
  }
  auto text = read_file(out);
  if (!text) return std::unexpected(std::move(text.error()));
  if (text->size() > kLongestReplay) return fail(Fault::host, "the answer is too long for a page", "schoolgate replay");
  return text;
}

}  // namespace schoolgate::app
