// Deadlines without timers: one field per socket, one tick a second per worker.
//
// A DeadlineList is a wheel of one-second buckets. Moving a deadline later, which every request does several times, is
// one store; its entry finds its new bucket when the old one comes up. Owned by the worker, used on its thread only.
// It reads no clock: its owner calls advance(), a worker from run_ticks(), a test whenever it likes.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "proxy/net/asio.h"

namespace schoolgate::net {

class DeadlineList;

/// Neighbours in a circle of entries; points at itself when alone.
struct DeadlineLink {
  DeadlineLink* previous = this;
  DeadlineLink* next = this;
};

/// Something that can run out of time. Derive, and say in on_deadline() what then happens; it may destroy this entry or
/// any other. Leaves its list when destroyed. An entry may outlive its list, but
/// is then never given a deadline again.
class Deadline : private DeadlineLink {
 public:
  explicit Deadline(DeadlineList& list) noexcept : list_(&list) {}
  Deadline(Deadline&& other) noexcept;
  Deadline& operator=(Deadline&& other) noexcept;

  /// on_deadline() runs between `limit` and `limit` plus one second from now, unless moved or cleared before.
  void expire_after(std::chrono::seconds limit) noexcept;
  void clear_deadline() noexcept { due_ = kNever; }
  [[nodiscard]] bool has_deadline() const noexcept { return due_ != kNever; }
  [[nodiscard]] DeadlineList& deadlines() const noexcept { return *list_; }

 protected:
  virtual ~Deadline() { unlink(); }
  virtual void on_deadline() = 0;

 private:
  friend class DeadlineList;
  static constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();
  void unlink() noexcept;
  void take_place_of(Deadline& other) noexcept;

  DeadlineList* list_;
  std::uint32_t due_ = kNever;     ///< the tick at which it is over
  std::uint32_t bucket_tick_ = 0;  ///< the tick at which its bucket comes up, never later than due_; 0 in no bucket
};

class DeadlineList {
 public:
  DeadlineList() noexcept;
  DeadlineList(const DeadlineList&) = delete;
  DeadlineList& operator=(const DeadlineList&) = delete;
  ~DeadlineList();

  /// Lets `seconds` pass: every entry that is due runs its on_deadline(), in this call.
  void advance(std::uint32_t seconds = 1);
  /// Seconds since the list was made: a clock that is free to read and never jumps.
  [[nodiscard]] std::uint32_t now() const noexcept { return now_; }

 private:
  friend class Deadline;
  static constexpr std::uint32_t kBuckets =
      256;  ///< later deadlines wait in the last bucket and are sorted again there

  void link(Deadline& entry) noexcept;
  void expire_bucket();

  std::uint32_t now_ = 0;
  std::array<DeadlineLink, kBuckets> buckets_;  ///< the heads of the circles
};

/// Calls advance() once a second from the steady clock, catching up after a stall, until the io_context stops.
awaitable<void> run_ticks(DeadlineList& deadlines);

}  // namespace schoolgate::net
