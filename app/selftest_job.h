// A self-test that somebody at the desk started: one at a time, on a thread of its own, so that no page waits for it.
#pragma once

#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::app {

class SelftestJob {
 public:
  /// Carries the test out and keeps its outcome under the name `by`. Ends early, and keeps nothing, once `stop` is
  /// asked for.
  using Work = std::function<Result<void>(const std::string& by, const std::stop_token& stop)>;
  explicit SelftestJob(Work work) : work_(std::move(work)) {}
  ~SelftestJob() { stop(); }

  // Thread-safe.

  /// Returns at once. Fault client: one is under way.
  [[nodiscard]] Result<void> start(std::string by);
  struct State {
    bool running = false;
    std::string by;  ///< of the one that runs, or ran last; empty: none did since the start
    TimePoint at{};
    std::string failure;  ///< why the last one has no outcome; empty when it has one
  };
  [[nodiscard]] State state() const;
  /// Waits for the one that runs; none can be started any more.
  void stop();

 private:
  Work work_;
  mutable std::mutex mutex_;
  State state_;
  bool stopped_ = false;
  std::jthread thread_;
};

}  // namespace schoolgate::app
