#include "identity/directory_text.h"

#include <charconv>

#include "base/ascii.h"
#include "names/ip_address.h"

namespace schoolgate::identity {

std::string escape_filter(std::string_view value) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(value.size());
  for (const unsigned char c : value) {
    if (c < 0x20 || c >= 0x7F || c == '*' || c == '(' || c == ')' || c == '\\') {
      out += '\\';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += char(c);
    }
  }
  return out;
}

std::optional<DirectoryUrl> read_directory_url(std::string_view text) {
  DirectoryUrl url;
  const std::string small = ascii_lower(text);
  std::string_view rest = small;
  if (rest.starts_with("ldaps://")) {
    url.tls = true;
    url.port = 636;
    rest.remove_prefix(8);
  } else if (rest.starts_with("ldap://")) {
    rest.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::size_t colon = rest.npos;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == rest.npos) return std::nullopt;
    url.host = rest.substr(1, end - 1);
    if (!names::IpAddress::parse(url.host)) return std::nullopt;
    if (end + 1 < rest.size()) colon = end + 1;
  } else {
    colon = rest.find(':');
    url.host = rest.substr(0, colon);
  }
  if (colon != rest.npos) {
    const std::string_view digits = rest.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (rest[colon] != ':' || error != std::errc{} || end != digits.data() + digits.size() || url.port < 1 ||
        url.port > 65535)
      return std::nullopt;
  }
  const bool plain = url.host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:_") == std::string::npos;
  if (url.host.empty() || !plain) return std::nullopt;
  return url;
}

bool is_this_machine(std::string_view host) {
  if (host == "localhost") return true;
  const auto address = names::IpAddress::parse(host);
  if (!address) return false;
  if (address->is_v4()) return address->v4_host_order() >> 24 == 127;
  return address == names::IpAddress::parse("::1");
}

std::optional<std::string> primary_group_sid(std::string_view user_sid, std::uint32_t group) {
  // revision, count of parts, six bytes of authority, then the parts, four bytes each, the lowest byte first.
  if (user_sid.size() < 12 || user_sid[0] != 1 || user_sid.size() != 8 + 4 * std::size_t(user_sid[1]))
    return std::nullopt;
  std::string sid(user_sid);
  for (std::size_t i = 0; i < 4; ++i) sid[sid.size() - 4 + i] = char(group >> (8 * i) & 0xFF);
  return sid;
}

}  // namespace schoolgate::identity
