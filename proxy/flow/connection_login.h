// Logins that hold for a connection: NTLM and Negotiate authenticate the TCP connection, not the request (RFC 4559
// section 6). Whoever used it next would be taken for that person, so such a connection to a web site belongs to one
// connection of a client for as long as both last, and is never in a pool. HTTP/1.1 only: a connection of HTTP/2 is
// shared, so who logs in so is asked to come again over HTTP/1.1.
#pragma once

#include <string>
#include <string_view>

#include "proxy/http/message.h"
#include "proxy/net/socket.h"

namespace schoolgate::flow {

/// A web site's connection that a client has logged in on. Owned by the client's Connection; on its worker's thread.
struct BoundUpstream {
  std::string key;  ///< which web site that is, as the pool names it
  net::Socket socket;
};

/// True when a value of Authorization or WWW-Authenticate names such a scheme, wherever in the list.
[[nodiscard]] bool names_connection_login(std::string_view value) noexcept;
/// True when the client shows such credentials to the web site, in any of its fields.
[[nodiscard]] bool logs_in_connection(const http::Fields& of_request) noexcept;
/// True when the web site says that the connection is logged in: by Persistent-Auth, or by a last token beside an
/// answer that is no 401.
[[nodiscard]] bool logs_in_connection(const http::ResponseHead& answer) noexcept;
/// Where the web site asks for such a login, the answer says that one holds through this proxy: clients that know
/// proxies wait for it.
void tell_that_logins_hold(http::ResponseHead& answer) noexcept;

}  // namespace schoolgate::flow
