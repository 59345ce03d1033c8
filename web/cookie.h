// Cookies (RFC 6265bis): what a request carries, and what an answer sets. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace schoolgate::web {

/// The pairs of a Cookie header. What is no pair of token and value is left out; at most 50 pairs are looked at.
class Cookies {
 public:
  Cookies() = default;
  [[nodiscard]] static Cookies parse(std::string_view header);
  /// Empty when there is none; when a name stands twice, neither counts: one of them was planted.
  [[nodiscard]] std::string_view get(std::string_view name) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return pairs_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// A Set-Cookie header. HttpOnly and Path=/ always; over TLS also Secure and the name prefix "__Host-", so that no
/// other host or plain page can plant it.
struct SetCookie {
  std::string name;                             ///< a token, without prefix
  std::string value;                            ///< RFC 6265 cookie-octets: base64url fits
  std::optional<std::chrono::seconds> max_age;  ///< none: until the browser closes; zero: delete
  bool secure = true;                           ///< false only on a listener without TLS
  enum class SameSite { strict, lax } same_site = SameSite::lax;

  /// The header's value; nothing when name or value hold what may not stand there.
  [[nodiscard]] std::optional<std::string> header() const;
};

/// The name under which a cookie comes back: "__Host-name" over TLS.
[[nodiscard]] std::string cookie_name(std::string_view name, bool secure);

}  // namespace schoolgate::web
