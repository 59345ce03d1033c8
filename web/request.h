// A request of a browser as a value, read and checked before any handler sees it.
//
// Made by the server (or by a test, field by field). A handler gets it by const reference; it lives until the answer
// was given. One request is handled by one thread at a time.
#pragma once

#include <any>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "names/ip_address.h"
#include "web/cookie.h"
#include "web/form.h"

namespace schoolgate::web {

enum class Method : std::uint8_t { get, head, post };

[[nodiscard]] std::string_view to_string(Method method) noexcept;

struct Request {
  Method method = Method::get;
  std::string path = "/";  ///< as sent, escapes kept; begins with "/", has no "//", no "." or ".." segments
  Form query;              ///< decoded
  Form form;               ///< of a POST of type application/x-www-form-urlencoded; else empty
  std::string body;        ///< of a POST of any other type
  std::string host;        ///< of the Host header, lower case, with port when sent; never empty
  bool tls = false;        ///< came over TLS
  names::IpAddress peer;   ///< the device's address
  std::uint16_t peer_port = 0;
  names::IpAddress local;  ///< our address that it dialled
  Cookies cookies;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::vector<std::pair<std::string, std::string>> params;   ///< of the route's pattern, decoded; set by the router
  TimePoint received{};
  std::any context;  ///< what a guard found out (Router::guard), e.g. the session; see attached()

  /// The first header of that name (lower case), or empty.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  /// A parameter of the route's pattern: "id" of "/episodes/{id}". Empty when the pattern has none of that name.
  [[nodiscard]] std::string_view param(std::string_view name) const noexcept;
  /// The cookie of that name without prefix; over TLS only the one with the prefix __Host- counts.
  [[nodiscard]] std::string_view cookie(std::string_view name) const noexcept;
  /// Path and query, as a local address to come back to.
  [[nodiscard]] std::string local_address() const;
  /// What a guard attached; null when nothing of that type was.
  template <class T>
  [[nodiscard]] const T* attached() const noexcept {
    return std::any_cast<T>(&context);
  }
};

}  // namespace schoolgate::web
