// Between OpenSSL and a descriptor: bytes received before come first, records are gathered into one send.
//
// Part of a Session. OpenSSL holds it as a BIO; the session names the descriptor for the length of each call. What is
// written goes to a scratch buffer of the thread and leaves at flush(); what the kernel does not take then is kept
// here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/tls/handles.h"

namespace schoolgate::tls {

class Wire {
 public:
  explicit Wire(std::string already_received) : prefix_(std::move(already_received)) {}
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// A BIO that reads and writes here; it must not outlive this. Null when memory is short.
  [[nodiscard]] bio_st* make_bio() noexcept;

  /// Begins a turn on `fd`: at most `budget` bytes are received before flush(). No turn lies inside another.
  void begin(int fd, std::size_t budget) noexcept;
  /// Ends the turn: sends what was gathered. False once the descriptor cannot be written to any more.
  bool flush() noexcept;
  /// Drops what has not left.
  void drop_unsent() noexcept { unsent_.clear(); }

  [[nodiscard]] bool holds_unsent() const noexcept { return !unsent_.empty(); }
  /// The last receive took all that the kernel had.
  [[nodiscard]] bool drained() const noexcept { return drained_ && prefix_.empty(); }
  /// The turn ended because its budget was used up, not because the kernel had no more.
  [[nodiscard]] bool out_of_budget() const noexcept { return out_of_budget_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }  ///< FIN
  [[nodiscard]] int error() const noexcept { return error_; }   ///< errno of recv or send, or 0
  [[nodiscard]] std::size_t received() const noexcept { return received_; }

 private:
  friend struct WireBio;
  int read(char* into, int size) noexcept;
  int write(const char* bytes, int size) noexcept;
  bool push(std::string_view bytes) noexcept;

  std::string prefix_;
  std::string unsent_;
  std::size_t prefix_used_ = 0;
  std::size_t budget_ = 0;
  std::size_t received_ = 0;
  int fd_ = -1;
  int error_ = 0;
  bool ended_ = false, drained_ = false, out_of_budget_ = false;
};

}  // namespace schoolgate::tls
