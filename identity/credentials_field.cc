#include "identity/credentials_field.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "identity/kerberos.h"
#include "identity/password.h"
#include "rules/utf8.h"

namespace schoolgate::identity {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kLongestBasic = 64 + 256 + 256;  // "REALM\" and "@realm" around a name, a colon, a password

constexpr auto kValues = [] {
  std::array<std::int8_t, 256> values;
  values.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) values[static_cast<unsigned char>(kAlphabet[i])] = std::int8_t(i);
  return values;
}();

bool same_word(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

std::unexpected<Error> malformed(std::string what) {
  return fail(Fault::client, std::move(what), "the client must send RFC 7617 or RFC 4559 credentials");
}

/// Printable UTF-8: neither a control character nor a byte that is no character.
bool is_printable(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto [c, length] = rules::next_code_point(text);
    if (c == rules::kNoCodePoint || c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
    text.remove_prefix(length);
  }
  return true;
}

Result<ReadCredentials> read_basic(std::string_view base64) {
  auto decoded = from_base64(base64, kLongestBasic);
  if (!decoded) return malformed("the Basic credentials are no base64, or too long");
  const std::size_t colon = decoded->find(':');
  const bool good = colon != decoded->npos && is_printable(*decoded);
  BasicCredentials basic;
  if (good) {
    basic.user = decoded->substr(0, colon);
    basic.password = Secret(std::string_view(*decoded).substr(colon + 1));
  }
  wipe(*decoded);
  if (!good) return malformed("the Basic credentials are not USER:PASSWORD in UTF-8");
  return basic;
}

}  // namespace

std::optional<std::string> from_base64(std::string_view text, std::size_t limit) {
  if (text.empty() || text.size() % 4 != 0 || text.size() / 4 > limit / 3 + 1) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::string out;
  out.reserve(text.size() * 3 / 4);  // in one piece, so that wiping it wipes all of it
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | std::uint32_t(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += char(bits >> held & 0xFF);
      bits &= (1u << held) - 1;
    }
  }
  if (bits != 0 || out.size() > limit) return std::nullopt;
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) bits = bits << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) out += j <= count ? kAlphabet[bits >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

Result<ReadCredentials> read_credentials(std::string_view field) {
  if (field.size() > kLongestCredentials) return malformed("the credentials are too long");
  while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.remove_suffix(1);
  const std::size_t space = field.find(' ');
  if (space == field.npos) return malformed("the credentials are a scheme without a value");
  const std::string_view scheme = field.substr(0, space);
  std::string_view value = field.substr(space);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  if (same_word(scheme, "Basic")) return read_basic(value);
  if (same_word(scheme, "Negotiate")) {
    auto token = from_base64(value, kLargestToken);
    if (!token) return malformed("the Negotiate token is no base64, or larger than 64 KB");
    return NegotiateCredentials{*std::move(token)};
  }
  return malformed("the credentials are of a scheme that was not offered");
}

}  // namespace schoolgate::identity
