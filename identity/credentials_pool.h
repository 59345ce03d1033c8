// A few threads and a bounded queue: where questions wait that may take the time of a network or of a hash.
//
// Thread-safe. Each client has a queue of its own and they are served in turn, so one that asks a thousand things at
// once holds up only itself; a client's own jobs are taken in the order they came. One that cannot be taken
// on is refused at once, so that nothing grows without end. Each job is told which thread runs it, as each thread has
// its own connections.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/thread_name.h"

namespace schoolgate::identity {

class CredentialsPool {
 public:
  using Job = std::function<void(std::size_t thread)>;
  /// Whose jobs the gateway's own are (groups, answers that have grown old).
  static constexpr const char* kOurselves = "";

  CredentialsPool(std::size_t threads, std::size_t longest_queue)
      : longest_queue_(longest_queue), longest_of_client_(longest_queue < 8 ? 1 : longest_queue / 8) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { serve(i); });
  }
  /// Runs what still waits, then ends. A caller in a hurry lets the jobs find out that they need not work.
  ~CredentialsPool() {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
  }
  CredentialsPool(const CredentialsPool&) = delete;
  CredentialsPool& operator=(const CredentialsPool&) = delete;

  /// False when the queue is full, or an eighth of it is this client's already.
  [[nodiscard]] bool take(std::string client, Job job) {
    return put(std::move(client), std::move(job), longest_queue_);
  }
  /// Work that can be left out: false when the queue is more than half full.
  [[nodiscard]] bool take_if_idle(Job job) { return put(kOurselves, std::move(job), longest_queue_ / 2); }

  [[nodiscard]] std::size_t waiting() const {
    const std::scoped_lock lock(mutex_);
    return waiting_;
  }

 private:
  bool put(std::string client, Job job, std::size_t most) {
    {
      const std::scoped_lock lock(mutex_);
      if (ending_ || waiting_ >= most) return false;
      std::deque<Job>& queue = queues_[client];
      if (client != kOurselves && queue.size() >= longest_of_client_) return false;
      queue.push_back(std::move(job));
      if (queue.size() == 1) turns_.push_back(std::move(client));
      ++waiting_;
    }
    wake_.notify_one();
    return true;
  }

  Job next() {  // under the mutex
    const auto queue = queues_.find(turns_.front());
    Job job = std::move(queue->second.front());
    queue->second.pop_front();
    if (queue->second.empty())
      queues_.erase(queue);
    else
      turns_.push_back(std::move(turns_.front()));
    turns_.pop_front();
    --waiting_;
    return job;
  }

  void serve(std::size_t thread) {
    name_this_thread("sg-credentials");
    for (;;) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return ending_ || waiting_ != 0; });
        if (waiting_ == 0) return;
        job = next();
      }
      job(thread);
    }
  }

  const std::size_t longest_queue_, longest_of_client_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::unordered_map<std::string, std::deque<Job>> queues_;  ///< by client; none is empty
  std::deque<std::string> turns_;                            ///< clients that have a queue, the next one first
  std::size_t waiting_ = 0;
  bool ending_ = false;
  std::vector<std::jthread> threads_;  // last: they use what stands above
};

}  // namespace schoolgate::identity
