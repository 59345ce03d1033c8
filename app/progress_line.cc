#include "app/progress_line.h"

#include <unistd.h>

#include <cstdio>

namespace schoolgate::app {

ProgressLine::ProgressLine() : on_terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::show(std::string_view text) {
  const auto now = std::chrono::steady_clock::now();
  if (!on_terminal_ || (shown_ && now - last_ < std::chrono::milliseconds(100))) return;
  shown_ = true;
  last_ = now;
  std::fprintf(stderr, "\r\x1b[K%.*s", int(text.size()), text.data());
  std::fflush(stderr);
}

}  // namespace schoolgate::app
