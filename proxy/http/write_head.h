// Writing the head that goes on: what arrived, less what belongs to one hop only (RFC 9110 section 7.6.1), plus what
// the next hop needs.
#pragma once

#include <span>
#include <string_view>

#include "proxy/http/message.h"

namespace schoolgate::http {

/// Appends to a buffer it does not own and never writes past it; once full, `overflowed()` stays true.
class HeadWriter {
 public:
  explicit HeadWriter(std::span<char> room) noexcept : room_(room) {}
  HeadWriter& operator<<(std::string_view text) noexcept;
  HeadWriter& operator<<(std::uint64_t number) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }

 private:
  std::span<char> room_;
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

/// What the gateway says of itself in Via (RFC 9110 section 7.6.3); an empty pseudonym leaves Via out.
struct Via {
  std::string_view pseudonym;
};

/// The request towards the server, always HTTP/1.1: origin-form `target` as the client wrote it, Host set to
/// `authority` (the name that was judged, so a disagreeing Host field cannot reach the server), connection kept alive.
void write_request_head(HeadWriter& out, const RequestHead& head, std::string_view target, std::string_view authority,
                        Via via) noexcept;

/// How the body will be framed towards the client. as_received: with its length, or chunked, or until the end of the
/// connection; chunked and until_close: anew (HTTP/1.0 clients know no chunks).
enum class ClientFraming : std::uint8_t { as_received, chunked, until_close };

/// The response towards the client. `keep_alive` says whether the connection goes on after it; a body that only the end
/// of the connection ends says "Connection: close" whatever `keep_alive` is.
void write_response_head(HeadWriter& out, const ResponseHead& head, const RequestHead& request, ClientFraming framing,
                         bool keep_alive, Via via) noexcept;

/// True when `via` (a Via field's value) names `pseudonym`: the request has been here before (508).
[[nodiscard]] bool via_names(std::string_view via, std::string_view pseudonym) noexcept;
/// The same over all Via fields of a head: a proxy may add a line of its own instead of a member.
[[nodiscard]] bool via_names(const Fields& fields, std::string_view pseudonym) noexcept;

}  // namespace schoolgate::http
