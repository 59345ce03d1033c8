// A server of the tests in a process of its own: a Python program of tests/e2e that prints a line of JSON about itself,
// obeys words on its standard input, and ends with it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace schoolgate::identity {

class Script {
 public:
  /// Returns when the server is ready.
  explicit Script(const std::string& name, std::vector<std::string> arguments = {}) {
    std::vector<std::string> words = {"/usr/bin/python3", SCHOOLGATE_SOURCE_DIR "/tests/e2e/" + name};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
    facts_ = next();
  }
  ~Script() {
    ::close(in_);
    ::waitpid(child_, nullptr, 0);
    ::close(out_);
  }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  /// A member of the JSON object that it printed: text without escapes, or a number.
  [[nodiscard]] std::string fact(const std::string& name) const {
    const std::size_t at = facts_.find("\"" + name + "\": ");
    if (at == std::string::npos) throw std::runtime_error("no fact " + name);
    const std::size_t from = at + name.size() + 4;
    if (facts_[from] == '"') return facts_.substr(from + 1, facts_.find('"', from + 1) - from - 1);
    return facts_.substr(from, facts_.find_first_of(",}", from) - from);
  }

  /// Returns what it answers.
  std::string tell(const std::string& word) {
    const std::string line = word + "\n";
    if (::write(in_, line.data(), line.size()) != ssize_t(line.size())) throw std::runtime_error("the script is gone");
    return next();
  }

 private:
  std::string next() {
    while (lines_.find('\n') == std::string::npos) {
      pollfd ready{.fd = out_, .events = POLLIN, .revents = 0};
      char chunk[4096];
      if (::poll(&ready, 1, 60'000) != 1) throw std::runtime_error("the script says nothing");
      const auto got = ::read(out_, chunk, sizeof chunk);
      if (got <= 0) throw std::runtime_error("the script ended");
      lines_.append(chunk, std::size_t(got));
    }
    const std::size_t end = lines_.find('\n');
    std::string line = lines_.substr(0, end);
    lines_.erase(0, end + 1);
    return line;
  }

  pid_t child_ = -1;
  int in_ = -1, out_ = -1;
  std::string lines_, facts_;
};

}  // namespace schoolgate::identity
