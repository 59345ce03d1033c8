// What became of one request of HTTP/1, and of the connection that it came on.
#pragma once

#include <optional>

#include "proxy/flow/tunnel.h"

namespace schoolgate::flow {

struct Served {
  bool keep_alive = false;       ///< the connection can serve another request
  bool unread_body = false;      ///< answered before the client had sent everything: close with a linger
  std::optional<Tunnel> tunnel;  ///< CONNECT or an upgrade: from here on bytes are relayed
};

}  // namespace schoolgate::flow
