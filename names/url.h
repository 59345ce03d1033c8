// A URL in the one form in which URLs are listed and judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "names/host.h"

namespace schoolgate::names {

/// Canonical, in one buffer that the views point into:
///
///     http://www.example.org:8080/casino/slots?x=1
///     |      |               |   |            |
///     scheme host            port path         query ("" when none; without the '?')
///
/// Scheme in lower case, host as Host, default port left out, userinfo and fragment dropped, tab/CR/LF removed,
/// backslash read as slash, percent escapes decoded to a fixpoint and only what must be is escaped again (upper-case
/// hex), dot segments resolved, "//" in the path collapsed to "/", an empty path is "/". The path and query keep their
/// case. The model is Safe Browsing's canonicalisation over WHATWG parsing; rules and lists pass through the same
/// function, so what a browser and a list spell differently meets in one form. At most 64 KiB.
class Url {
 public:
  /// An absolute URL of scheme http, https, ws, wss or ftp; or "//host/path" or "host:port/path" without a scheme (then
  /// "http" is assumed, and the scheme takes no part in matching). Fault client: another scheme, no or a bad host, a
  /// port of 0 or beyond 65535, a NUL anywhere, escaped or not, and more than 64 KiB.
  [[nodiscard]] static Result<Url> parse(std::string_view text);
  /// From the pieces of a request; `target` is an origin-form path with an optional query, or empty. Port 0 stands for
  /// the scheme's default. Errors as parse(), and a target that begins with neither '/' nor '?'.
  [[nodiscard]] static Result<Url> from_parts(std::string_view scheme, const Host& host, std::uint16_t port,
                                              std::string_view target);
  /// Only a host is known (CONNECT, SNI): path "/", empty query, names_only() is true; "http" on port 80, else "https".
  [[nodiscard]] static Url of_host(const Host& host, std::uint16_t port);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::string_view scheme() const noexcept { return slice(0, scheme_end_); }
  [[nodiscard]] std::string_view host() const noexcept { return slice(host_begin_, host_end_); }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string_view path() const noexcept { return slice(path_begin_, path_end_); }
  [[nodiscard]] std::string_view query() const noexcept {
    return path_end_ == text_.size() ? std::string_view{} : slice(path_end_ + 1, std::uint32_t(text_.size()));
  }
  /// Path and query together, as "/casino?x=1".
  [[nodiscard]] std::string_view target() const noexcept { return slice(path_begin_, std::uint32_t(text_.size())); }
  [[nodiscard]] const std::optional<IpAddress>& address() const noexcept { return address_; }
  /// True when nothing but the host is known: URL rules and patterns over paths cannot apply.
  [[nodiscard]] bool names_only() const noexcept { return names_only_; }
  /// With the query replaced by "?…" when there is one: how people and records see it.
  [[nodiscard]] std::string redacted() const;
  bool operator==(const Url& other) const noexcept { return text_ == other.text_ && names_only_ == other.names_only_; }

 private:
  [[nodiscard]] std::string_view slice(std::uint32_t begin, std::uint32_t end) const noexcept {
    return std::string_view(text_).substr(begin, end - begin);
  }
  // The three steps in which every Url is built, in this order.
  void begin(std::string_view scheme, std::size_t bytes_expected);
  void append_port(std::uint16_t port, std::uint16_t default_port);
  [[nodiscard]] Result<void> append_target(std::string_view target);

  std::string text_;
  std::uint32_t scheme_end_ = 0, host_begin_ = 0, host_end_ = 0, path_begin_ = 0, path_end_ = 0;
  std::uint16_t port_ = 0;
  bool names_only_ = false;
  std::optional<IpAddress> address_;
};

}  // namespace schoolgate::names
