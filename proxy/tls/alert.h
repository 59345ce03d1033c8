// Refusing in the language of TLS, before any handshake: one record in clear that every client understands.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace schoolgate::tls {

/// RFC 8446 section 6.2.
enum class Alert : std::uint8_t {
  handshake_failure = 40,
  illegal_parameter = 47,
  access_denied = 49,
  decode_error = 50,
  protocol_version = 70,
  internal_error = 80,
  unrecognized_name = 112,
};

/// A fatal alert as a whole record (version 3.3, as TLS 1.2 and 1.3 send it). Seven bytes with static lifetime per call
/// site: copy or send at once.
[[nodiscard]] constexpr std::array<char, 7> fatal_alert(Alert alert) noexcept {
  return {21, 3, 3, 0, 2, 2, static_cast<char>(alert)};
}

}  // namespace schoolgate::tls
