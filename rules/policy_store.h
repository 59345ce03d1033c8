// Where the control plane hands a new policy to the workers: the one meeting point of the two planes.
//
// A mutex-guarded pointer and a generation number. Each worker keeps a PolicyView with its own reference and compares
// the number per request (under a nanosecond); it takes the mutex only when the number changed. (An atomic shared_ptr
// races under ThreadSanitizer in this libstdc++, and costs more.)
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "rules/snapshot.h"

namespace schoolgate::rules {

/// One per process. Thread-safe.
class PolicyStore {
 public:
  explicit PolicyStore(std::shared_ptr<const PolicySnapshot> first) : current_(std::move(first)) {}

  void publish(std::shared_ptr<const PolicySnapshot> next) {
    const std::scoped_lock lock(mutex_);
    current_.swap(next);  // the old one dies with its last request, outside the lock
    generation_.fetch_add(1, std::memory_order_release);
  }
  [[nodiscard]] std::shared_ptr<const PolicySnapshot> current() const {
    const std::scoped_lock lock(mutex_);
    return current_;
  }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const PolicySnapshot> current_;
  std::atomic<std::uint64_t> generation_{1};
};

/// A worker's own reference; one thread only. What current() returns is the caller's own: it stays valid whatever is
/// published meanwhile.
class PolicyView {
 public:
  explicit PolicyView(const PolicyStore& store) : store_(store) {}
  [[nodiscard]] std::shared_ptr<const PolicySnapshot> current() {
    if (const std::uint64_t generation = store_.generation(); generation != generation_) {
      generation_ = generation;
      snapshot_ = store_.current();
    }
    return snapshot_;
  }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

 private:
  const PolicyStore& store_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const PolicySnapshot> snapshot_;
};

}  // namespace schoolgate::rules
