// base64 and base64url (RFC 4648 sections 4 and 5): bytes as text and back, one spelling for each value.
//
// Decoding is strict: another alphabet, line breaks, wrong padding or leftover bits that are not zero are refused,
// because a second spelling of one value is a second name for it. Both directions allocate once, so that a caller that
// wipes the result has wiped all of it. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace schoolgate {

/// base64 with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Nothing unless `text` is base64 with padding. The empty text is no bytes.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

/// base64url without padding, as URLs and cookies carry it.
[[nodiscard]] std::string to_base64url(std::string_view bytes);
/// Nothing unless `text` is base64url without padding.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

}  // namespace schoolgate
