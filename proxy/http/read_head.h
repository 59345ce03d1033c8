// Reading a message head: strict, bounded, without allocation.
//
// Requests strictly, on purpose (RFC 9112 sections 2.2, 3, 5 and 6): bare CR or LF,
// obs-fold, space before a colon, any odd byte in a name, doubled or signed Content-Length, Transfer-Encoding that is
// not exactly "chunked", both framings at once, a missing, doubled or malformed Host, a fragment or a form of target
// that the method does not have: all refused, none repaired. One empty line before a request is passed over, and that
// is all.
//
// Answers as browsers read them (generous_fields.h), because they are written anew towards the client: lone line feeds,
// folded lines, space before a colon, lines that are no fields, control characters in values and in the reason. And
// chunks outrank a Content-Length beside them, and equal Content-Lengths are one. What frames the body stays strict,
// and the connection that such an answer came on is not used again.
#pragma once

#include <string_view>

#include "proxy/http/message.h"

namespace schoolgate::http {

/// What a parse says. `status` is the answer the client deserves when `outcome` is bad: 400, 405, 414, 417, 431, 501,
/// 505.
struct HeadOutcome {
  enum class Kind : std::uint8_t { need_more, complete, bad };
  Kind kind = Kind::need_more;
  int status = 0;
  const char* why = "";  ///< static text
};

/// `bytes`: what has arrived so far, from the first byte of the head. `seen`: how many of them an earlier call that
/// answered need_more has looked at, so that a head dripped byte by byte costs linear time.
[[nodiscard]] HeadOutcome read_request_head(std::string_view bytes, std::size_t seen, const HeadLimits& limits,
                                            RequestHead& head) noexcept;

/// A bad response head is the server's fault: `status` is then 502. `request` decides whether a body can follow (HEAD)
/// and whether 101 was asked for.
[[nodiscard]] HeadOutcome read_response_head(std::string_view bytes, std::size_t seen, const HeadLimits& limits,
                                             const RequestHead& request, ResponseHead& head) noexcept;

}  // namespace schoolgate::http
