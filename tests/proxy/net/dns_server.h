// A real name server for the tests: dnsmasq, with nothing but the records that the test gives it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace schoolgate::net {

/// Runs dnsmasq on a free loopback port until destroyed or stopped. Throws when it does not start.
class DnsServer {
 public:
  /// `options` are dnsmasq's own, as "--host-record=a.test,192.0.2.1".
  explicit DnsServer(const std::vector<std::string>& options, std::uint16_t port = 0);
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;
  ~DnsServer() { stop(); }

  void stop() noexcept;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace schoolgate::net
