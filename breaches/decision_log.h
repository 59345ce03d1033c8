// decisions.jsonl: every decision, one JSON object a line, best effort: a slow or full disk never slows a request, what
// could not be written is counted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::breaches {

/// Views are read during append() only. Contract section 6.
struct Decision {
  TimePoint time;
  std::string_view group, device, method, host, url, action, category, stage, rule;
  bool inspected = false;
  std::uint64_t bytes_in = 0, bytes_out = 0;
  double ms = 0;
};

/// One background thread writes; each worker fills a buffer of its own (DecisionBuffer) and hands it over when full or
/// once a tick. Reopens after the file was renamed (logrotate) on reopen().
class DecisionLog {
 public:
  [[nodiscard]] static Result<std::unique_ptr<DecisionLog>> open(const std::filesystem::path& file,
                                                                 std::chrono::seconds retention);
  ~DecisionLog();
  /// Takes a block of whole lines. Thread-safe; drops and counts when more than 64 MiB wait.
  void submit(std::string block, std::size_t lines);
  void reopen();
  [[nodiscard]] std::uint64_t dropped() const noexcept;

 private:
  DecisionLog();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A worker's own buffer; one thread only. Appending costs well under a microsecond.
class DecisionBuffer {
 public:
  explicit DecisionBuffer(DecisionLog* log) noexcept : log_(log) {}
  void append(const Decision& decision);
  void flush();  ///< called by the worker's tick and at its end

 private:
  DecisionLog* log_;
  std::string lines_;
  std::size_t count_ = 0;
};

}  // namespace schoolgate::breaches
