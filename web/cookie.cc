#include "web/cookie.h"

#include <algorithm>

#include "base/ascii.h"
#include "web/text.h"

namespace schoolgate::web {
namespace {

constexpr std::size_t kMostPairs = 50;

/// RFC 6265 section 4.1.1, cookie-octet.
bool is_value(std::string_view text) noexcept {
  return std::ranges::all_of(
      text, [](char c) { return c > 0x20 && c < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\'; });
}

}  // namespace

Cookies Cookies::parse(std::string_view header) {
  Cookies cookies;
  for (std::size_t seen = 0; !header.empty() && seen < kMostPairs; ++seen) {
    const std::size_t end = header.find(';');
    const std::string_view pair = trimmed(header.substr(0, end));
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trimmed(pair.substr(0, equals));
    std::string_view value = trimmed(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (is_http_token(name) && is_value(value)) cookies.pairs_.emplace_back(name, value);
  }
  return cookies;
}

std::string_view Cookies::get(std::string_view name) const noexcept {
  const auto named = [&](const auto& pair) { return pair.first == name; };
  const auto found = std::ranges::find_if(pairs_, named);
  if (found == pairs_.end() || std::any_of(found + 1, pairs_.end(), named)) return {};
  return found->second;
}

std::optional<std::string> SetCookie::header() const {
  if (!is_http_token(name) || !is_value(value)) return std::nullopt;
  std::string out = cookie_name(name, secure) + '=' + value + "; Path=/; HttpOnly";
  if (max_age) out += "; Max-Age=" + std::to_string(std::max<long long>(max_age->count(), 0));
  out += same_site == SameSite::strict ? "; SameSite=Strict" : "; SameSite=Lax";
  if (secure) out += "; Secure";
  return out;
}

std::string cookie_name(std::string_view name, bool secure) { return (secure ? "__Host-" : "") + std::string(name); }

}  // namespace schoolgate::web
