// An answer to a browser as a value, and the few ways in which answers are made.
//
// The server adds to every answer what it did not set itself: Date, Content-Length, the security headers of
// add_security_headers() and Cache-Control: no-store. Header values with control characters are refused (an answer of
// 500 goes out instead), so no header can be split.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "web/cookie.h"
#include "web/request.h"

namespace schoolgate::web {

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// When set, goes out instead of `body`: text that lives as long as the program (embedded files).
  std::optional<std::string_view> lasting_body;

  /// Replaces every header of that name.
  Response& set(std::string_view name, std::string value);
  /// Adds one more.
  Response& add(std::string_view name, std::string value);
  /// Sets a cookie; one that cannot be written (see SetCookie::header) makes this an answer of 500.
  Response& cookie(const SetCookie& cookie);
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

[[nodiscard]] Response html(std::string body, int status = 200);
[[nodiscard]] Response json(std::string body, int status = 200);
[[nodiscard]] Response text(std::string body, int status = 200);
/// A body of any type, e.g. content("application/captive+json", …).
[[nodiscard]] Response content(std::string type, std::string body, int status = 200);
/// 303 See Other to a page of ours: is_local_address() must hold, else it leads to "/": no open redirect.
[[nodiscard]] Response redirect(std::string_view local_address);
/// 308 to the same address over TLS at `authority` ("signin.school.example" or "10.0.0.1:9443").
[[nodiscard]] Response redirect_to_tls(const Request& request, std::string_view authority);
/// A file to keep (RFC 6266): Content-Disposition with a plain name and the full one in UTF-8 (RFC 8187).
[[nodiscard]] Response attachment(std::string type, std::string body, std::string_view file_name);

/// A path of ours with an optional query: begins with one "/", not "//" or "/\", and holds no control characters.
[[nodiscard]] bool is_local_address(std::string_view address) noexcept;

/// What every answer carries: a Content-Security-Policy without inline code and other hosts, no framing, no sniffing,
/// and so on; HSTS over TLS when `strict_transport`. Headers that the answer has already are left as they are.
void add_security_headers(Response& response, bool strict_transport);

/// "Not Found" and the like.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

}  // namespace schoolgate::web
