#include "app/run_question.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "base/steady_clock.h"
#include "proxy/net/file_descriptor.h"

extern char** environ;

namespace schoolgate::app {
namespace {

constexpr int kLookEvery = 100;  // milliseconds

struct Pipe {
  net::FileDescriptor read, write;
};

std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{net::FileDescriptor(ends[0]), net::FileDescriptor(ends[1])};
}

// Ended with this, whatever became of it.
class Child {
 public:
  explicit Child(::pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  /// Its exit status once it has ended; 1 where a signal ended it.
  std::optional<int> ended() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }

 private:
  ::pid_t pid_;
};

Result<::pid_t> start(const QuestionRun& run, const std::vector<std::string>& words, const Pipe& out, const Pipe& err) {
  std::vector<std::string> all{run.program.string(), "answer-question", "--config",
                               run.config.string(),  "--state",         run.state.string(),
                               "--in-force",         run.in_force,      "--"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err.write.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  ::pid_t pid = -1;
  const int error = ::posix_spawn(&pid, run.program.c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0)
    return fail_errno("the question cannot be answered: no process can be started", error, "look at the gateway's log");
  return pid;
}

}  // namespace

Result<Printed> run_question(const QuestionRun& run, const std::vector<std::string>& words,
                             const std::atomic<bool>& stop) {
  auto out = make_pipe(), err = make_pipe();
  if (!out || !err) return fail_errno("the question cannot be answered", errno);
  const auto pid = start(run, words, *out, *err);
  if (!pid) return std::unexpected(pid.error());
  Child child(*pid);
  out->write.reset();
  err->write.reset();
  Printed printed;
  const SteadyTime until = steady_now() + run.longest;
  std::array<pollfd, 2> ends{pollfd{out->read.get(), POLLIN, 0}, pollfd{err->read.get(), POLLIN, 0}};
  std::string room(64 << 10, '\0');
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    if (stop) return fail(Fault::host, "the gateway stops", "ask the next one");
    if (steady_now() > until)
      return fail(Fault::host, "the answer took too long: nothing was found out", "ask as root on the gateway");
    if (::poll(ends.data(), ends.size(), kLookEvery) <= 0) continue;
    for (pollfd& end : ends) {
      if (end.fd < 0 || end.revents == 0) continue;
      const auto got = ::read(end.fd, room.data(), room.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        end.fd = -1;
      else
        (&end == ends.data() ? printed.out : printed.err).append(room, 0, std::size_t(got));
    }
    if (printed.out.size() + printed.err.size() > run.largest)
      return fail(Fault::host, "the answer is too long for this socket", "ask as root on the gateway");
  }
  while (steady_now() <= until) {
    if (const auto status = child.ended()) {
      printed.status = *status;
      return printed;
    }
    ::poll(nullptr, 0, 5);
  }
  return fail(Fault::host, "the answer took too long: nothing was found out", "ask as root on the gateway");
}

}  // namespace schoolgate::app
