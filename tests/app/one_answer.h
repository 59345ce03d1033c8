// A proxy that answers one connection with given bytes, then closes.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <thread>
#include <utility>

#include "app/probe_wire.h"
#include "names/ip_address.h"
#include "proxy/net/endpoint.h"
#include "proxy/net/file_descriptor.h"

namespace schoolgate::app::test {

/// For probes to what is no gateway.
inline OrWhy<void> nobody_is_told(const net::Endpoint&) { return {}; }

class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const net::SocketAddress any = net::to_socket_address({names::IpAddress::v4(0x7F000001), 0});
    EXPECT_EQ(::bind(fd_.get(), any.get(), any.length), 0);
    EXPECT_EQ(::listen(fd_.get(), 1), 0);
    at_ = *net::local_endpoint(fd_.get());
    thread_ = std::jthread([this, answer = std::move(answer)] {
      const net::FileDescriptor peer(::accept(fd_.get(), nullptr, nullptr));
      from_ = net::peer_endpoint(peer.get())->address;
      char piece[4096];
      while (!asked_.ends_with("\r\n\r\n")) {
        const auto got = ::recv(peer.get(), piece, sizeof piece, 0);
        if (got <= 0) return;
        asked_.append(piece, std::size_t(got));
      }
      ::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    });
  }
  [[nodiscard]] const net::Endpoint& at() const noexcept { return at_; }
  /// After this everything below is known.
  void join() { thread_.join(); }
  [[nodiscard]] const std::string& asked() const noexcept { return asked_; }
  [[nodiscard]] const names::IpAddress& from() const noexcept { return from_; }

 private:
  net::FileDescriptor fd_;
  net::Endpoint at_;
  std::string asked_;
  names::IpAddress from_;
  std::jthread thread_;
};

}  // namespace schoolgate::app::test
