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

  /// Hands over all of `messages`, in order. Syslog has no answer: success means that the kernel took every byte for a
  /// peer that had not gone by then. Fault host or upstream; then the caller repeats all of them, some for a second
  /// time. A message that is too large for a datagram is cut.
  [[nodiscard]] Result<void> send(std::span<const std::string> messages);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schoolgate::casework
