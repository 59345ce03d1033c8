// Between a request as bytes and as a value: the target taken apart, the answer's head written. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "web/form.h"
#include "web/request.h"
#include "web/response.h"

namespace schoolgate::web {

struct Target {
  std::string path;
  Form query;
};

/// The origin-form of RFC 9112 section 3.2.1. Refuses what a path of ours never has: "//", "." and ".." segments in any
/// spelling, "\", NUL, characters outside of printable ASCII, broken escapes, escapes that are no UTF-8.
[[nodiscard]] Result<Target> read_target(std::string_view target);

/// A Host header: a name, an IPv4 address or an IPv6 address in brackets, with or without a port; in lower case.
[[nodiscard]] std::optional<std::string> read_host(std::string_view host);

/// True when the media type is application/x-www-form-urlencoded, whatever its parameters and case.
[[nodiscard]] bool is_form_type(std::string_view content_type) noexcept;

struct Framing {
  bool keep_alive = false;
  bool strict_transport = false;  ///< HSTS
  TimePoint now{};
};

/// The status line and all headers with the empty line. A header that would split the answer (control characters in
/// name or value) makes `response` an answer of 500 first.
[[nodiscard]] std::string write_head(Response& response, const Framing& framing);

/// What goes out after the head.
[[nodiscard]] std::string_view body_of(const Response& response) noexcept;

/// IMF-fixdate (RFC 9110 section 5.6.7): "Sun, 22 Nov 2026 13:00:00 GMT".
[[nodiscard]] std::string http_date(TimePoint time);

}  // namespace schoolgate::web
