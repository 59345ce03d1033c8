// Web sites on loopback for the fuzz targets whose gateway dials: what it dials is taken at once.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "tests/fuzz/simulated_gateway.h"

namespace schoolgate::flow::fuzzing {

class SimulatedWeb {
 public:
  SimulatedWeb() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    require(::bind(fd_, reinterpret_cast<sockaddr*>(&at), size) == 0 && ::listen(fd_, 64) == 0);
    require(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port_ = ntohs(at.sin_port);
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// The next connection that the gateway has opened; not open when there is none.
  [[nodiscard]] End accept() {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return fd < 0 ? End() : End(fd);
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// The one of this process.
inline SimulatedWeb& simulated_web() {
  static SimulatedWeb web;
  return web;
}

/// Two clients, and up to four connections to web sites; a fifth takes the place of the first that is over.
struct HttpScene {
  explicit HttpScene(SimulatedGateway& of) : gateway(of) {
    client_comes(0);
    client_comes(1);
  }
  ~HttpScene() {
    while (simulated_web().accept().open()) {
    }
  }
  HttpScene(const HttpScene&) = delete;

  SimulatedGateway& gateway;
  std::array<End, 2> clients;
  std::array<End, 4> sites;

  void client_comes(std::uint8_t which) {
    clients[which] = gateway.client(which);
    turn();
  }
  void turn() {
    gateway.turn();
    for (End& site : sites)
      if (!site.open() || site.at_end) {
        End next = simulated_web().accept();
        if (!next.open()) break;
        site = std::move(next);
      }
    for (End& each : clients) each.reads();
    for (End& each : sites) each.reads();
    gateway.turn();
  }
};

/// "web.example:40001"
inline std::string simulated_host(std::string_view name) {
  return std::string(name) + ":" + std::to_string(simulated_web().port());
}

}  // namespace schoolgate::flow::fuzzing
