// One line on the terminal that says how far long work has come. Says nothing when stderr is no terminal.
#pragma once

#include <chrono>
#include <string_view>

namespace schoolgate::app {

/// One at a time, on one thread. The line goes when this does, so that what follows stands on a clean line.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Shows `text` in the place of what stood there; at most ten times a second, the rest is dropped.
  void show(std::string_view text);

 private:
  bool on_terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace schoolgate::app
