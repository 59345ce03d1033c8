// Does a server ask for another ClientHello? The first bytes of its answer say so.
//
// A HelloRetryRequest is a ServerHello with a random of its own; the hello that follows it in clear has a server name
// again, which must be the one that was judged. Pure: bytes in, an answer out. RFC 8446 sections 4.1.3 and 4.1.4.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/tls/client_hello.h"

namespace schoolgate::tls {

enum class FirstAnswer : std::uint8_t {
  need_more,    ///< not enough of it is there to say
  other,        ///< no HelloRetryRequest: another hello will not be read
  asks_again,   ///< a HelloRetryRequest
  cannot_tell,  ///< a ServerHello in pieces too small to show its random, as no server sends it: take it for one
};

/// Looks at what a server has sent so far. 43 bytes are always enough.
[[nodiscard]] FirstAnswer look_at_first_answer(Octets so_far) noexcept;

/// How many bytes from the start are whole records that cannot hold a ClientHello: what a client may send in front of
/// its second one (early data, change_cipher_spec, alerts). SIZE_MAX when a record has no type that TLS knows.
[[nodiscard]] std::size_t records_without_hello(Octets bytes) noexcept;

}  // namespace schoolgate::tls
