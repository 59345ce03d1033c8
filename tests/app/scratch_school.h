// The demonstration school in a folder of its own, and the program run on it as a child: what a technician would see.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace schoolgate::app::test {

/// How a program ended, and what it wrote.
struct Ran {
  int status = -1;  ///< exit status; 1000 and more: ended by a signal
  std::string out, err;
};

/// Runs the schoolgate program to its end.
[[nodiscard]] Ran run_schoolgate(std::vector<std::string> words);

/// A gateway as a child process: up when the constructor returns, ended with SIGTERM by stop() or the destructor.
class Gateway {
 public:
  /// `notify` is a path for a socket on which the gateway tells that it is ready.
  Gateway(const std::filesystem::path& config, const std::filesystem::path& notify);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  [[nodiscard]] bool is_up() const noexcept { return up_; }
  /// Exit status.
  int stop();

 private:
  int pid_ = -1;
  bool up_ = false;
};

/// A copy of config/demo with its state beside it and ports of its own; removed with the test.
class ScratchSchool {
 public:
  ScratchSchool();
  ~ScratchSchool();
  ScratchSchool(const ScratchSchool&) = delete;
  ScratchSchool& operator=(const ScratchSchool&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  [[nodiscard]] std::filesystem::path config() const { return folder_ / "config"; }
  [[nodiscard]] std::filesystem::path state() const { return folder_ / "state"; }
  [[nodiscard]] std::string read(const std::string& name) const;
  void write(const std::string& name, std::string_view text) const;
  /// Replaces the one place in config/NAME where `old` stands.
  void edit(const std::string& name, std::string_view old, std::string_view text) const;

  /// `schoolgate VERB… --config CONFIG OPTIONS…`.
  [[nodiscard]] Ran run(std::vector<std::string> verb, std::vector<std::string> options = {}) const;
  [[nodiscard]] std::unique_ptr<Gateway> start() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace schoolgate::app::test
