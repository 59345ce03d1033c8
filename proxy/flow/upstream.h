// Getting a connection to the web site that was judged: from the pool, or dialled by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/net/asio.h"
#include "proxy/net/failure.h"
#include "proxy/net/socket.h"

namespace schoolgate::flow {

class Worker;

/// Where to: the judged host, or the safe endpoint that stands in for it.
struct Destination {
  std::string host;  ///< canonical, without brackets round an IPv6 address
  std::uint16_t port = 0;
  [[nodiscard]] std::string key() const { return host + ' ' + std::to_string(port); }
};

/// Resolves and connects; every address is checked against the destination guard.
net::awaitable<net::Attempt<net::Socket>> dial(Worker& worker, const Destination& to);

}  // namespace schoolgate::flow
