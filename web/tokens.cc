#include "web/tokens.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/base64.h"
#include "base/digest.h"
#include "web/text.h"

namespace schoolgate::web {
namespace {

/// Lengths stand before the parts, so that no purpose and payload can be read as another pair.
std::string mac_of(std::string_view key, std::string_view purpose, std::string_view expires, std::string_view payload) {
  std::string signed_text;
  for (const std::string_view part : {purpose, expires, payload}) {
    signed_text += std::to_string(part.size());
    signed_text += ':';
    signed_text += part;
  }
  const Sha256 mac = hmac_sha256(key, signed_text);
  return {reinterpret_cast<const char*>(mac.data()), mac.size()};
}

}  // namespace

Tokens::Tokens(std::string key) : key_(std::move(key)) {}

Tokens Tokens::with_random_key() {
  std::string key(32, '\0');
  fill_random({reinterpret_cast<std::uint8_t*>(key.data()), key.size()});
  return Tokens(std::move(key));
}

std::string Tokens::sign(std::string_view purpose, std::string_view payload, TimePoint expires) const {
  const std::string until = std::to_string(std::chrono::ceil<std::chrono::seconds>(expires.time_since_epoch()).count());
  return until + '.' + to_base64url(payload) + '.' + to_base64url(mac_of(key_, purpose, until, payload));
}

std::optional<std::string> Tokens::verify(std::string_view purpose, std::string_view token, TimePoint now) const {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view until = token.substr(0, first);
  auto payload = from_base64url(token.substr(first + 1, second - first - 1));
  const auto mac = from_base64url(token.substr(second + 1));
  if (!payload || !mac || !equal_in_constant_time(*mac, mac_of(key_, purpose, until, *payload))) return std::nullopt;
  long long seconds = 0;
  const auto [end, error] = std::from_chars(until.data(), until.data() + until.size(), seconds);
  if (error != std::errc() || end != until.data() + until.size()) return std::nullopt;
  if (now.time_since_epoch() >= std::chrono::seconds(seconds)) return std::nullopt;
  return payload;
}

std::string random_token(std::size_t bytes) {
  std::vector<std::uint8_t> random(bytes);
  fill_random(random);
  return to_base64url({reinterpret_cast<const char*>(random.data()), random.size()});
}

}  // namespace schoolgate::web
