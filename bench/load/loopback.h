// What the load programs share: a connection to a port of this machine, from one client address after another.
//
// Clients have many loopback addresses (127.1.0.1 and up), so that no port range runs out.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace schoolgate::load {

[[noreturn]] inline void die(std::string_view what) {
  std::fprintf(stderr, "%.*s: %s\n", int(what.size()), what.data(), std::strerror(errno));
  std::exit(1);
}

inline sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  address.sin_port = htons(port);
  return address;
}

/// A socket that is on its way to `port` of 127.0.0.1, from the next client address; never blocks. Dies when it cannot.
inline int connect_from_next_address(std::uint16_t port) {
  constexpr std::uint32_t kAddresses = 200;
  static std::uint32_t next = 0;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const auto from = loopback(0x7f010001u + next++ % kAddresses, 0), to = loopback(INADDR_LOOPBACK, port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) die("bind");
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS) die("connect");
  return fd;
}

/// As many descriptors as this process may have.
inline void raise_descriptor_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace schoolgate::load
