// Whatever goes on for longer than a question and its answer: a tunnel, a WebSocket over either version of HTTP, an
// event stream, a download, an upload. One list for each worker, and one law for all of them: they are judged again
// when the policy changes, when another person is behind the address and at every full minute; a minute in which they
// moved bytes counts against allowances; a measure ends them within seconds.
//
// Lives where the bytes pass (a frame or a call); used on its worker's thread only.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "proxy/flow/judgement.h"
#include "proxy/http/message.h"

namespace schoolgate::flow {

struct Connection;
class Worker;

class LongLived {
 public:
  LongLived(const LongLived&) = delete;
  LongLived& operator=(const LongLived&) = delete;

  LongLived* previous = nullptr;  ///< in the worker's list
  LongLived* next = nullptr;

  [[nodiscard]] virtual Connection& connection() noexcept = 0;
  /// By which it goes on.
  [[nodiscard]] virtual const Judgement& judgement() const noexcept = 0;
  /// Judges it by the policy now in force; what is refused now is recorded and ended.
  virtual void judge_again() = 0;
  /// The minute that began then is over, and bytes have moved in it.
  virtual void was_active_in(TimePoint minute) = 0;
  /// Bytes so far, both ways.
  [[nodiscard]] virtual std::uint64_t moved() const noexcept = 0;
  [[nodiscard]] virtual std::chrono::seconds silent_for() const noexcept = 0;
  /// False for what a client opens anew when it needs it: a drain does not wait for its silence.
  [[nodiscard]] virtual bool is_request() const noexcept = 0;
  /// True for what waits for the web site alone, and whose client has closed its connection meanwhile.
  [[nodiscard]] virtual bool was_left() noexcept { return false; }
  /// Ends it, and what was cut must not look whole. It may be gone when this returns.
  virtual void end() = 0;

  std::uint64_t seen = 0;  ///< of moved(), when a minute last ended

 protected:
  LongLived() = default;
  ~LongLived() = default;
};

/// Everything, or the connections of clients behind which another presence is known now than when they were judged.
enum class JudgeAgain : std::uint8_t { everything, who_changed };
void judge_again(Worker& worker, JudgeAgain whose);

/// The minute that began at `minute` is over.
void note_activity(Worker& worker, TimePoint minute);

/// Ends what its client has left.
void end_left(Worker& worker);

/// The last word of a gateway that ends: everything, or what the drain has waited for.
void end_all(Worker& worker, bool only_awaited_by_drain);

/// Ends what is no request and has been silent for that long.
void end_silent(Worker& worker, std::chrono::seconds least);

/// True for an answer that goes on while nothing happens: an event stream, gRPC. Its silence is a tunnel's.
[[nodiscard]] bool is_stream(const http::ResponseHead& head) noexcept;

}  // namespace schoolgate::flow
