// Closing so that what was sent last arrives.
#pragma once

#include "proxy/flow/connection.h"
#include "proxy/net/asio.h"

namespace schoolgate::flow {

/// Finishes sending and reads on for a moment, until the client has finished too: closing over unread bytes resets the
/// connection, and can take the last answer out of the client's hands (RFC 9112 section 9.6). At most five seconds and
/// four megabytes.
net::awaitable<void> linger(Connection& connection);

}  // namespace schoolgate::flow
