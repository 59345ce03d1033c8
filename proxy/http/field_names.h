// What the words of a head mean: names of fields and methods, and the one number that framing depends on.
//
// Field names and tokens are compared without regard to case (RFC 9110 section 5.1), methods with (section 9.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ascii.h"
#include "proxy/http/message.h"

namespace schoolgate::http {

using schoolgate::equal_ignoring_case;

/// `name` is a token.
[[nodiscard]] Name known_name(std::string_view name) noexcept;

/// True for end-to-end fields that a Connection field may not take away: the message would mean
/// something else, be another client's, or lose what protects its reader.
[[nodiscard]] bool is_end_to_end(const Field& field) noexcept;

[[nodiscard]] Method known_method(std::string_view text) noexcept;

/// Content-Length: digits only, no list, at most 2^63 - 1 (RFC 9110 section 8.6).
[[nodiscard]] std::optional<std::uint64_t> read_length(std::string_view text) noexcept;

/// True for trailer fields that change nothing of how a message is read (RFC 9110 section 6.5).
[[nodiscard]] bool is_harmless_trailer(std::string_view name) noexcept;

}  // namespace schoolgate::http
