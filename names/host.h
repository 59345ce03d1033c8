// A host name or IP literal in the one form in which names are listed, judged and dialled.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "names/ip_address.h"

namespace schoolgate::names {

/// Canonical: lower case, A-labels (UTS-46 non-transitional, RFC 5891), full-width characters and dots mapped, percent
/// escapes decoded to a fixpoint, one trailing dot removed, at most 253 bytes in labels of at most 63; IPv4 in any
/// spelling a browser takes (WHATWG "ends in a number") as dotted quad; IPv6 as RFC 5952 in brackets.
/// Underscores are kept: real names carry them.
class Host {
 public:
  /// Fault client: empty, empty label ("a..b"), forbidden code points, zone id, overlong, bad punycode, numeric
  /// overflow.
  [[nodiscard]] static Result<Host> parse(std::string_view text);
  [[nodiscard]] static Host from_address(const IpAddress& address);

  /// "example.org", "192.0.2.1" or "[2001:db8::1]".
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// Set when the host is an IP literal.
  [[nodiscard]] const std::optional<IpAddress>& address() const noexcept { return address_; }
  auto operator<=>(const Host& other) const { return text_ <=> other.text_; }
  bool operator==(const Host& other) const { return text_ == other.text_; }

 private:
  std::string text_;
  std::optional<IpAddress> address_;
};

/// True when `host` is `site` or lies under it, on a label boundary; both canonical.
[[nodiscard]] bool is_same_or_under(std::string_view host, std::string_view site) noexcept;

}  // namespace schoolgate::names
