// Text that comes from outside: is it UTF-8, and what of it may stand on a page. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ascii.h"

namespace schoolgate::web {

/// RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// What may be shown: invalid bytes, control characters (but for line feed and tab) and the characters that turn the
/// direction of what follows (U+202A to U+202E, U+2066 to U+2069) become U+FFFD. Escaping for HTML is the template's
/// work.
[[nodiscard]] std::string shown(std::string_view text);

/// The number of characters (code points) of valid UTF-8: what a form's bounds count.
[[nodiscard]] std::size_t count_characters(std::string_view text) noexcept;

/// Undoes percent escapes once (RFC 3986 section 2.1). Nothing when an escape is broken or the outcome is no UTF-8.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
/// Escapes everything but the unreserved characters of RFC 3986 section 2.3: fits a path segment and a query value.
[[nodiscard]] std::string percent_encode(std::string_view text);

using schoolgate::equal_ignoring_case;
using schoolgate::trimmed;

/// `url` when it is http or https with a host and without user name, blanks or control characters; else nothing. What
/// becomes the target of a link goes through here: no "javascript:" and the like.
[[nodiscard]] std::optional<std::string> web_address(std::string_view url);

}  // namespace schoolgate::web
