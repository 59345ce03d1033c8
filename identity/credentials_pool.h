// A few threads and a bounded queue: where questions wait that may take the time of a network or of a hash.
//
// Thread-safe. Jobs are taken in the order they came; one that cannot be taken on is refused at once, so that nothing
// grows without end. Each job is told which thread runs it, as each thread has its own connections.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/thread_name.h"

namespace schoolgate::identity {

class CredentialsPool {
 public:
  using Job = std::function<void(std::size_t thread)>;

  CredentialsPool(std::size_t threads, std::size_t longest_queue) : longest_queue_(longest_queue) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { serve(i); });
  }
  /// Runs what still waits, then ends. Whoever wants that to be quick lets the jobs find out that they need not work.
  ~CredentialsPool() {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
  }
  CredentialsPool(const CredentialsPool&) = delete;
  CredentialsPool& operator=(const CredentialsPool&) = delete;

  /// False when the queue is full, or more than half full for work that can be left out.
  [[nodiscard]] bool take(Job job, bool can_be_left_out = false) {
    {
      const std::scoped_lock lock(mutex_);
      if (ending_ || queue_.size() >= (can_be_left_out ? longest_queue_ / 2 : longest_queue_)) return false;
      queue_.push_back(std::move(job));
    }
    wake_.notify_one();
    return true;
  }

  [[nodiscard]] std::size_t waiting() const {
    const std::scoped_lock lock(mutex_);
    return queue_.size();
  }

 private:
  void serve(std::size_t thread) {
    name_this_thread("sg-credentials");
    for (;;) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return ending_ || !queue_.empty(); });
        if (queue_.empty()) return;
        job = std::move(queue_.front());
        queue_.pop_front();
      }
      job(thread);
    }
  }

  const std::size_t longest_queue_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  bool ending_ = false;
  std::vector<std::jthread> threads_;  // last: they use what stands above
};

}  // namespace schoolgate::identity
