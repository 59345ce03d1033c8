// Whether an HTTP/2 head has one meaning, and one only: what nghttp2's own checks leave open.
//
// nghttp2 refuses what makes a head malformed in itself (RFC 9113 sections 8.2 and 8.3: names in upper case, fields of
// a connection, doubled, late or unknown pseudo-fields, bad bytes, a content-length that the body belies). Here stands
// what would mean one thing to us and another to the next reader, or ask for what a gateway does not do.
#pragma once

#include "proxy/http/h2_head.h"

namespace schoolgate::http {

/// Static text saying what is wrong, or nullptr. Such a request is a stream error PROTOCOL_ERROR.
/// Fills :authority from Host where only that came.
[[nodiscard]] const char* fault_of_h2_request(H2Head& head) noexcept;
[[nodiscard]] const char* fault_of_h2_response(const H2Head& head) noexcept;
[[nodiscard]] const char* fault_of_h2_trailers(const H2Head& head) noexcept;

}  // namespace schoolgate::http
