// What a TLS connection says of where it is going, and what is done when it does not say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "names/host.h"
#include "proxy/flow/connection.h"
#include "proxy/net/asio.h"
#include "proxy/net/socket.h"
#include "proxy/tls/alert.h"
#include "rules/request.h"

namespace schoolgate::flow {

/// The named cases of a first flight. Everything that is not `named` has a policy answer of its own
/// (FlowSettings::unnamed); `malformed` is always refused: failing to parse is never a reason to allow.
enum class HelloCase : std::uint8_t {
  named,
  no_name,     ///< no server_name extension
  ip_name,     ///< an IP address as server name, which RFC 6066 forbids
  encrypted,   ///< Encrypted ClientHello behind a known front, or the old ESNI: the true name is hidden
  not_tls,     ///< other bytes
  malformed,   ///< begins like TLS but cannot be read, or its name is no name
  other_name,  ///< inside CONNECT to a host that is opened: another name, which the policy never opens
  gone,        ///< the client left or said nothing in time
};
[[nodiscard]] std::string_view to_string(HelloCase hello) noexcept;

struct NamedHello {
  HelloCase what = HelloCase::gone;
  std::optional<names::Host> host;  ///< named: the server name; ip_name: the address; encrypted: the outer name if any
  bool offers_h2 = false, offers_http1 = false;  ///< by ALPN
  bool offers_nothing = true;                    ///< no ALPN at all: HTTP/1.1 is meant
  bool offers_tls13 = false;                     ///< then a server may ask for a second hello (RFC 8446 section 4.1.4)
  std::size_t size = 0;                          ///< of the records that it came in; what is behind is early data
};

/// Gathers the ClientHello in connection.inbox, over any number of segments and records, within the header deadline.
/// The bytes stay in the inbox, to be sent on unchanged.
net::awaitable<NamedHello> read_hello(Connection& connection);

/// After HelloCase::not_tls: true when the client's bytes begin with the line of an HTTP/1 request. Waits until a line
/// is there, within the header deadline; the bytes stay in the inbox.
net::awaitable<bool> speaks_http(Connection& connection);

/// What went past before a tunnel began.
struct FirstFlights {
  std::uint64_t in = 0, out = 0;  ///< bytes from the web site, and to it
};

/// Sends on what has come from the client, the judged hello in front. Where the web site may ask for another hello it
/// waits for its first answer, and a second hello must name what the first one named: otherwise nothing of it is passed
/// on and the connection is refused as one whose name cannot be trusted. None: it is over, by that or because a side
/// has left.
net::awaitable<std::optional<FirstFlights>> pass_first_flights(Connection& connection, net::Socket& upstream,
                                                               const NamedHello& hello, const rules::Request& known);

/// True when the school's settings let this unnamed case be judged by what else is known; counts it.
[[nodiscard]] bool may_judge_unnamed(Connection& connection, HelloCase hello);

/// Records the refusal of a connection that names no host (category "bypass"), then answers with a TLS alert.
net::awaitable<void> refuse_unnamed(Connection& connection, HelloCase hello, const rules::Request& known);

/// The refusal that a TLS client understands: a fatal alert, then the end.
net::awaitable<void> send_alert(Connection& connection, tls::Alert alert);

}  // namespace schoolgate::flow
