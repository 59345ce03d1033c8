// Telling systemd how the daemon is (sd_notify(3) protocol), without libsystemd.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/net/file_descriptor.h"

namespace schoolgate::net {

/// Says nothing when the daemon was not started by systemd. Thread-safe: every message is one datagram. Failures are
/// ignored, as the protocol wants: the service manager may be gone.
class ServiceManager {
 public:
  /// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  [[nodiscard]] static ServiceManager from_environment();

  void ready() const noexcept { send("READY=1"); }
  /// The end has begun, and may take this long: the unit's TimeoutStopSec does not cut it short.
  void stopping(std::chrono::seconds at_most) const noexcept;
  void watchdog() const noexcept { send("WATCHDOG=1"); }
  void reloading() const noexcept;  ///< follow with ready() when done
  void status(std::string_view text) const;

  [[nodiscard]] bool present() const noexcept { return bool(socket_); }
  /// How often watchdog() should be called (half of what the unit allows); nothing when there is no watchdog.
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval() const noexcept { return interval_; }

 private:
  void send(std::string_view message) const noexcept;
  FileDescriptor socket_;
  std::optional<std::chrono::microseconds> interval_;
};

}  // namespace schoolgate::net
