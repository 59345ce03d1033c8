// Between HTTP/2 heads and the heads that the rest of the gateway judges and writes.
//
// One RequestHead and one ResponseHead serve both versions, so that there is one opinion about what is asked and where
// a body ends. Reading from HTTP/2 sets `major_version` 2; the functions of the same names for HTTP/1 stand in
// read_head.h and write_head.h, and any reader goes with any writer.
#pragma once

#include <string>
#include <string_view>

#include "proxy/http/h2_head.h"
#include "proxy/http/message.h"
#include "proxy/http/read_head.h"
#include "proxy/http/write_head.h"

namespace schoolgate::http {

/// Fills `head` from what H2Events::on_request brought; complete or bad (405, 414, 417, 431), never need_more. `head`
/// holds views into `from`, which must outlive it. `ends`: no body follows.
///
/// target is :path and host is :authority (the session has seen to it that Host agrees). Body: none when the request
/// has ended, else its content-length, else Framing::chunked, which here means "of unknown length". Cookie crumbs are
/// joined (RFC 9113 section 8.2.3). A WebSocket's extended CONNECT (RFC 8441) reads as the GET with Upgrade that it
/// would have been in HTTP/1, Sec-WebSocket-Key included, so that it may go on to either version.
[[nodiscard]] HeadOutcome read_request_head(H2Head& from, bool ends, const HeadLimits& limits, RequestHead& head);

/// Fills `head` from on_response or on_interim; complete or bad (502). `request` as in HTTP/1. The 200 that accepts a
/// WebSocket reads as 101 with `websocket` set.
[[nodiscard]] HeadOutcome read_response_head(H2Head& from, bool ends, const RequestHead& request, ResponseHead& head);

/// The request towards an HTTP/2 server, for H2Session::request. Hop-by-hop fields and Host are left out, `te:
/// trailers` stays. A WebSocket becomes an extended CONNECT: only for a peer that allows it. `out` is cleared first and
/// views `head` and the other arguments until it is sent.
void write_request_head(H2Head& out, const RequestHead& head, std::string_view scheme, std::string_view target,
                        std::string_view authority, Via via);

/// The response towards an HTTP/2 client, for H2Session::respond or interim. Hop-by-hop fields and Alt-Svc are left
/// out; 101 becomes 200.
void write_response_head(H2Head& out, const ResponseHead& head, Via via);

/// Whose trailers: a gRPC call's may carry any field that frames, routes and authorises nothing; others are held
/// against the short list of chunked.h.
enum class TrailersOf : std::uint8_t { message, grpc };

/// By the content-type of a message.
[[nodiscard]] TrailersOf trailers_of(const Fields& fields) noexcept;

/// What of received trailers goes on over HTTP/2; may be empty. `out` views `from`.
void write_trailers(H2Head& out, const H2Head& from, TrailersOf kind);
/// The same from the lines of an HTTP/1 chunked body (ChunkDecoder::trailers()).
void write_trailers(H2Head& out, std::string_view lines);
/// What of received HTTP/2 trailers goes on behind the last chunk of HTTP/1: lines, each ended by CRLF.
[[nodiscard]] std::string trailer_lines(const H2Head& from);

}  // namespace schoolgate::http
