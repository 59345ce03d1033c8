// One generation of what a reload can replace, held so that it stays whole for as long as it is used.
//
// A coroutine that checks `owner.thing()` before a co_await and uses `owner.thing()` after it may find another
// generation there, or none. So an owner hands out Held<T> by value, and a Held<T> can be looked into only once it has
// a name: `owner.thing()->use()` and `if (owner.thing())` do not compile. The name then holds the generation across
// every suspension:
//
//     const Held<const Inspection> inspection = worker.inspection();
//     if (!inspection) co_return;
//     co_await something();
//     inspection->mint->cached(host);  // the same generation, whatever was reloaded meanwhile
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace schoolgate {

/// Null when nothing is in force. Copying shares the generation. As thread-safe as std::shared_ptr.
template <class T>
class Held {
 public:
  Held() noexcept = default;
  Held(std::nullptr_t) noexcept {}
  Held(std::shared_ptr<T> generation) noexcept : generation_(std::move(generation)) {}

  [[nodiscard]] explicit operator bool() const& noexcept { return generation_ != nullptr; }
  [[nodiscard]] T& operator*() const& noexcept { return *generation_; }
  [[nodiscard]] T* operator->() const& noexcept { return generation_.get(); }
  explicit operator bool() const&& = delete;
  T& operator*() const&& = delete;
  T* operator->() const&& = delete;

  /// For an owner that takes over: a copy that ends with the last of its holders.
  [[nodiscard]] std::shared_ptr<T> share() const noexcept { return generation_; }

  [[nodiscard]] friend bool operator==(const Held& a, const Held& b) noexcept { return a.generation_ == b.generation_; }

 private:
  std::shared_ptr<T> generation_;
};

/// Where one thread replaces what others hold. Thread-safe: the old generation ends with its last holder, outside the
/// lock.
template <class T>
class Replaceable {
 public:
  Replaceable() = default;

  [[nodiscard]] Held<T> held() const {
    const std::scoped_lock lock(mutex_);
    return current_;
  }
  void replace(std::shared_ptr<T> next) {
    const std::scoped_lock lock(mutex_);
    current_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<T> current_;
};

}  // namespace schoolgate
