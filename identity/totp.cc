#include "identity/totp.h"

#include <array>
#include <span>

#include "base/digest.h"
#include "identity/message_digest.h"

namespace schoolgate::identity {
namespace {

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::int64_t kStepSeconds = 30;
constexpr std::size_t kSecretBytes = 20;

void append_percent_encoded(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const unsigned char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += char(c);
    } else {
      out += '%';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
}

}  // namespace

std::string make_totp_secret() {
  std::array<std::uint8_t, kSecretBytes> random;
  fill_random(random);
  return {reinterpret_cast<const char*>(random.data()), random.size()};
}

std::string to_base32(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    held += 8;
    while (held >= 5) out += kBase32[bits >> (held -= 5) & 31];
    bits &= (1u << held) - 1;
  }
  if (held > 0) out += kBase32[bits << (5 - held) & 31];
  return out;
}

std::optional<std::string> from_base32(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (char c : text) {
    if (c == ' ' || c == '=' || c == '-') continue;
    if (c >= 'a' && c <= 'z') c = char(c - 32);
    const std::size_t value = kBase32.find(c);
    if (value == kBase32.npos) return std::nullopt;
    bits = bits << 5 | std::uint32_t(value);
    held += 5;
    if (held >= 8) {
      held -= 8;
      out += char(bits >> held & 0xFF);
    }
    bits &= (1u << held) - 1;
  }
  return out;
}

std::string totp_uri(std::string_view secret, std::string_view issuer, std::string_view account) {
  std::string uri = "otpauth://totp/";
  append_percent_encoded(uri, issuer);
  uri += ':';
  append_percent_encoded(uri, account);
  uri += "?secret=" + to_base32(secret) + "&issuer=";
  append_percent_encoded(uri, issuer);
  return uri + "&algorithm=SHA1&digits=6&period=30";
}

std::int64_t totp_step(TimePoint now) noexcept {
  return std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count() / kStepSeconds;
}

std::string totp_code(std::string_view secret, std::int64_t step) {
  std::string counter(8, '\0');
  for (int i = 7; i >= 0; --i, step >>= 8) counter[std::size_t(i)] = char(step & 0xFF);
  const auto digest = hmac_sha1(secret, counter);
  if (!digest) return {};
  // RFC 4226 section 5.3, "dynamic truncation".
  const std::size_t offset = digest->back() & 15;
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | (*digest)[offset + i];
  std::string code = std::to_string((number & 0x7FFF'FFFF) % 1'000'000);
  return code.insert(0, 6 - code.size(), '0');
}

std::optional<std::int64_t> check_totp(std::string_view secret, std::string_view code, TimePoint now,
                                       std::int64_t last_used) {
  std::string given;
  for (const char c : code)
    if (c != ' ') given += c;
  if (given.size() != 6) return std::nullopt;
  std::optional<std::int64_t> right;
  for (const std::int64_t step : {totp_step(now), totp_step(now) - 1, totp_step(now) + 1})
    if (equal_in_constant_time(given, totp_code(secret, step)) && step > last_used && !right) right = step;
  return right;
}

}  // namespace schoolgate::identity
