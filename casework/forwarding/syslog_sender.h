// The way to one collector of syslog messages: TLS and TCP through libcurl, UDP through a socket.
//
// Belongs to the forwarder's thread, blocks it for at most ten seconds at a time, ends early when `stopping` becomes
// true. A connection is kept between messages and made anew after any failure.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"
#include "casework/forwarding/forward_settings.h"

namespace schoolgate::casework {

class SyslogSender {
 public:
  SyslogSender(ForwardSettings settings, const std::atomic<bool>& stopping);
  ~SyslogSender();

  /// Hands over all of `messages`, in order. Fault host or upstream; then the caller repeats all of them, some for a
  /// second time. A message that is too large for a datagram is cut.
  ///
  /// Syslog has no answer, and a stream that was kept may have been closed at the other end a moment before: then bytes
  /// are taken and lost. True: the stream was made for them, or there is none, and no more can be known. False: ask
  /// has_gone() a little later.
  [[nodiscard]] Result<bool> send(std::span<const std::string> messages);
  /// The collector has closed the stream of the last send().
  [[nodiscard]] bool has_gone();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schoolgate::casework
