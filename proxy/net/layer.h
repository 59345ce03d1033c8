// What lies between a Socket and the wire: a protocol that turns bytes into other bytes on their way (TLS).
//
// A Socket owns at most one and asks it instead of the kernel, so everything written for a socket (inbox, body pump,
// relay, upstream pool) works the same inside TLS. On its socket's worker thread only; never throws, never waits.
#pragma once

#include <span>
#include <string_view>

#include "proxy/net/transfer.h"

namespace schoolgate::net {

class Layer {
 public:
  Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  virtual ~Layer() = default;

  /// As Socket::receive(): as much as there is, over several records if need be; closed at an orderly end
  /// (close_notify) and at FIN alike, failed on everything else.
  [[nodiscard]] virtual Transfer receive(int fd, std::span<char> into) noexcept = 0;
  /// As Socket::send(). would_block with `bytes` > 0: those were taken, yet some of what they became has not left.
  [[nodiscard]] virtual Transfer send(int fd, std::string_view bytes) noexcept = 0;
  /// True when receive() may have something although the descriptor has not become readable.
  [[nodiscard]] virtual bool holds_received() const noexcept = 0;
  /// True when something taken by send() has not left yet; send() with nothing tries again.
  [[nodiscard]] virtual bool holds_unsent() const noexcept = 0;
  /// True when the peer has neither closed nor said anything to the application.
  [[nodiscard]] virtual bool is_quiet(int fd) noexcept = 0;
  /// The orderly end of our direction (close_notify), as far as the kernel takes it at once.
  virtual void finish(int fd) noexcept = 0;
};

}  // namespace schoolgate::net
