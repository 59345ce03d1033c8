#include "identity/credentials_field.h"

#include "base/ascii.h"
#include "identity/kerberos.h"
#include "identity/password.h"
#include "rules/utf8.h"

namespace schoolgate::identity {
namespace {

constexpr std::size_t kLongestBasic = 64 + 256 + 256;  // "REALM\" and "@realm" around a name, a colon, a password

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
  if (text.empty() || text.size() / 4 > limit / 3 + 1) return std::nullopt;
  auto bytes = schoolgate::from_base64(text);
  if (bytes && bytes->size() > limit) return std::nullopt;
  return bytes;
}

Result<ReadCredentials> read_credentials(std::string_view field) {
  if (field.size() > kLongestCredentials) return malformed("the credentials are too long");
  while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.remove_suffix(1);
  const std::size_t space = field.find(' ');
  if (space == field.npos) return malformed("the credentials are a scheme without a value");
  const std::string_view scheme = field.substr(0, space);
  std::string_view value = field.substr(space);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  if (equal_ignoring_case(scheme, "Basic")) return read_basic(value);
  if (equal_ignoring_case(scheme, "Negotiate")) {
    auto token = from_base64(value, kLargestToken);
    if (!token) return malformed("the Negotiate token is no base64, or larger than 64 KB");
    return NegotiateCredentials{*std::move(token)};
  }
  return malformed("the credentials are of a scheme that was not offered");
}

}  // namespace schoolgate::identity
