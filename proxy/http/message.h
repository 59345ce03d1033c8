// A message head as views into the bytes that were received: HTTP/1 as read_head.h parses it, HTTP/2 by h2_translate.h.
//
// A head is parsed once, strictly, into these structs; nothing is copied. The views live as long as what was parsed.
// Everything that framing depends on is derived here and nowhere else, so there is one opinion about where a message
// ends (RFC 9112 section 6): two opinions are what request smuggling is made of.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace schoolgate::http {

/// A method that is longer is none (RFC 9110 section 9; the registry's longest has 17 letters).
inline constexpr std::size_t kLongestMethod = 32;

/// Bounds of a head. Beyond: 431, or 414 for the request line.
struct HeadLimits {
  std::size_t bytes = 60 * 1024;
  std::size_t fields = 200;
  std::size_t target = 32 * 1024;
};

/// The fields a proxy has an opinion about; everything else passes as it came.
enum class Name : std::uint8_t {
  other,
  alt_svc,
  authorization,
  connection,
  content_disposition,
  content_length,
  content_type,
  expect,
  forwarded,  ///< Forwarded and X-Forwarded-For, -Host, -Proto
  host,
  http2_settings,
  keep_alive,
  origin,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  referer,
  sec_fetch_dest,
  sec_fetch_mode,
  sec_fetch_site,
  sec_fetch_user,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  via,
};

struct Field {
  std::string_view name, value;
  Name known = Name::other;
  bool drop = false;   ///< hop-by-hop, or named by Connection: not forwarded (RFC 9110 section 7.6.1)
  bool plain = false;  ///< set by the reader: the bytes received are exactly "name: value CRLF", so a run can be copied
  bool mend = false;   ///< of an answer: control characters of the value are written as spaces
  bool never_index =
      false;  ///< came as a literal that no HPACK table may hold, and goes on so (RFC 7541 section 7.1.3)
};

/// Field storage of fixed capacity: a head never allocates.
class Fields {
 public:
  static constexpr std::size_t kCapacity = 256;
  [[nodiscard]] bool add(const Field& field) noexcept {
    if (count_ == kCapacity) return false;
    items_[count_++] = field;
    return true;
  }
  void clear() noexcept { count_ = 0; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] std::span<Field> items() noexcept { return {items_.data(), count_}; }
  [[nodiscard]] std::span<const Field> items() const noexcept { return {items_.data(), count_}; }
  /// The value of the first such field, or an empty view.
  [[nodiscard]] std::string_view find(Name name) const noexcept {
    for (const Field& field : items())
      if (field.known == name) return field.value;
    return {};
  }

 private:
  std::array<Field, kCapacity> items_;
  std::size_t count_ = 0;
};

/// Where a body ends (RFC 9112 section 6.3).
enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct Body {
  Framing framing = Framing::none;
  std::uint64_t length = 0;  ///< with Framing::length
};

enum class Method : std::uint8_t { get, head, post, put, del, options, patch, connect, trace, other };

/// How the target was written (RFC 9112 section 3.2).
enum class TargetForm : std::uint8_t { origin, absolute, authority, asterisk };

struct RequestHead {
  std::string_view method_text, target;
  Method method = Method::other;
  TargetForm form = TargetForm::origin;
  int major_version = 1, minor_version = 1;  ///< 2 and 1 for HTTP/2: it knows all that HTTP/1.1 does
  Fields fields;
  Body body;
  std::string_view host;         ///< the Host field; empty when absent
  bool keep_alive = true;        ///< the client will keep the connection open
  bool expect_continue = false;  ///< the client waits for 100 before it sends the body that it announces
  bool websocket = false;        ///< Upgrade: websocket with Connection: upgrade
  std::size_t size = 0;          ///< bytes of the head, blank line included

  /// Bytes of a body follow the head, or may: `Content-Length: 0` announces none.
  [[nodiscard]] bool has_body() const noexcept {
    return body.framing != Framing::none && (body.framing != Framing::length || body.length != 0);
  }
  /// True when the client keeps the connection open and it is known where the next request begins: behind this head, or
  /// behind a body of at most `dropped` bytes that is read and dropped. An answer that leaves the body unread
  /// may keep the connection only then: bytes of a body that are read as a request are request smuggling. A client
  /// that waits for 100 may send its body or not, so what follows it could be read in two ways.
  [[nodiscard]] bool may_be_followed(std::uint64_t dropped = 0) const noexcept {
    if (!keep_alive) return false;
    if (!has_body()) return true;
    return body.framing == Framing::length && body.length <= dropped && !expect_continue;
  }
};

struct ResponseHead {
  int status = 0;
  int major_version = 1, minor_version = 1;
  std::string_view reason;
  Fields fields;
  Body body;
  bool keep_alive = true;  ///< the server will keep the connection open
  bool websocket = false;  ///< 101 to a WebSocket upgrade
  std::size_t size = 0;
};

}  // namespace schoolgate::http
