// A real receiver (SMTP or HTTP) in a process of its own, for one test.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace schoolgate::casework {

class Receiver {
 public:
  /// `script` is a file of this folder, run by the system's Python, which has the packages. Returns when it listens.
  explicit Receiver(const std::string& script, std::vector<std::string> arguments = {}) {
    const std::string path = std::string(CASEWORK_TEST_FOLDER "/") + script;
    std::vector<std::string> words = {"/usr/bin/python3", path};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(pipe[1], STDOUT_FILENO);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(pipe[1]);
    out_ = pipe[0];
    port_ = std::stoi(next());
  }
  ~Receiver() { stop(); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  void stop() {
    if (child_ <= 0) return;
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
    ::close(out_);
    child_ = -1;
  }

  [[nodiscard]] int port() const { return port_; }

  /// The next line it printed; throws when none comes for a long time.
  std::string next() {
    while (lines_.find('\n') == std::string::npos) {
      if (!read_some(30'000)) throw std::runtime_error("the receiver printed nothing");
    }
    const std::size_t end = lines_.find('\n');
    std::string line = lines_.substr(0, end);
    lines_.erase(0, end + 1);
    return line;
  }

  /// True when nothing more was printed. Both receivers print before they answer, so after settle() this is certain.
  bool is_silent() {
    while (read_some(0)) {
    }
    return lines_.empty();
  }

 private:
  bool read_some(int milliseconds) {
    pollfd ready{.fd = out_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, milliseconds) != 1) return false;
    char chunk[4096];
    const auto got = ::read(out_, chunk, sizeof chunk);
    if (got <= 0) return false;
    lines_.append(chunk, std::size_t(got));
    return true;
  }

  pid_t child_ = -1;
  int out_ = -1, port_ = 0;
  std::string lines_;
};

}  // namespace schoolgate::casework
