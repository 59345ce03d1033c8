// An answer of the gateway's own to a request of HTTP/1: sent within its deadline, and the request taken off the
// connection. Everything that the gateway answers by itself goes out here; what a web site answers goes through
// exchange().
#pragma once

#include <string>
#include <string_view>

#include "proxy/flow/connection.h"
#include "proxy/flow/served.h"
#include "proxy/http/message.h"
#include "proxy/net/asio.h"

namespace schoolgate::flow {

/// True when the connection can serve another request behind an answer that reads nothing of the body of `head`: the
/// framing allows it (RequestHead::may_be_followed), no tunnel was asked for, and neither a drain nor a page that its
/// connection was opened for ends it.
[[nodiscard]] bool may_go_on(const Connection& connection, const http::RequestHead& head);

/// Puts field lines, each with its line end, behind the status line of an answer.
void insert_fields(std::string& answer, std::string_view lines);

/// Sends a whole HTTP/1.1 answer, with the token that completes a login to the proxy if one is due. False: not all of
/// it went out. Consumes nothing.
net::awaitable<bool> send_own_answer(Connection& connection, std::string answer);

/// Sends it to the request of `head`, which lies in connection.inbox, and consumes that head: another one follows if
/// `keep_alive`, which the answer says too.
net::awaitable<Served> give_own_answer(Connection& connection, const http::RequestHead& head, std::string answer,
                                       bool keep_alive);

}  // namespace schoolgate::flow
