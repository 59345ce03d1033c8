#include "names/canonical_host.h"

#include <algorithm>
#include <array>

#include "names/idna.h"
#include "names/ipv4_spellings.h"
#include "names/percent.h"

namespace schoolgate::names {
namespace {

constexpr std::size_t kMaxHost = 253;  // RFC 1035 section 3.1, less the root label and the length bytes
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxUnicode = 1024;  // of a host before mapping: bounds what libidn2 is given to do

// The canonical byte for a byte of a host name, 0 where none may stand. Browsers would take a few more ("a!b"), but no
// site has such a name, and what is not read here is refused.
constexpr auto kHostByte = [] {
  std::array<char, 256> table{};
  for (char c = 'a'; c <= 'z'; ++c) table[std::size_t(c)] = table[std::size_t(c - 'a' + 'A')] = c;
  for (char c = '0'; c <= '9'; ++c) table[std::size_t(c)] = c;
  for (const char c : {'-', '_', '.'}) table[std::size_t(c)] = c;
  return table;
}();

char host_byte(char c) noexcept { return kHostByte[static_cast<unsigned char>(c)]; }

std::unexpected<Error> malformed(std::string what, std::string next = {}) {
  return fail(Fault::client, std::move(what), std::move(next));
}

bool is_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// What nearly every host is: at most 253 allowed ASCII bytes in good labels, none of them "xn--", no trailing dot, not
// numeric. False sends it the long way, which also knows what to say when something is wrong.
bool append_plain_name(std::string_view text, std::string& out) {
  if (text.size() > kMaxHost) return false;
  char name[kMaxHost];
  std::size_t label = 0;
  const auto label_is_plain = [&](std::size_t end) {
    const std::size_t length = end - label;
    return length != 0 && length <= kMaxLabel && !std::string_view(name + label, length).starts_with("xn--");
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = host_byte(text[i]);
    if (c == 0) return false;
    name[i] = c;
    if (c == '.') {
      if (!label_is_plain(i)) return false;
      label = i + 1;
    }
  }
  if (!label_is_plain(text.size()) || (name[label] >= '0' && name[label] <= '9')) return false;
  out.append(name, text.size());
  return true;
}

Result<void> check_labels(std::string_view host) {
  if (host.size() > kMaxHost) return malformed("the host name is longer than 253 bytes");
  while (true) {
    const std::size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    if (label.empty()) return malformed("the host name has an empty label");
    if (label.size() > kMaxLabel) return malformed("the host name has a label of more than 63 bytes");
    if (label.starts_with("xn--") && !is_a_label(label)) return malformed("the host name has an invalid xn-- label");
    if (dot == std::string_view::npos) return {};
    host.remove_prefix(dot + 1);
  }
}

Result<std::optional<IpAddress>> append_bracketed(std::string_view text, std::string& out) {
  if (text.size() < 2 || text.back() != ']') return malformed("the IPv6 address has no closing bracket");
  const std::string_view inside = text.substr(1, text.size() - 2);
  if (inside.find('%') != std::string_view::npos) return malformed("an IPv6 address with a zone id names no site");
  if (inside.find(':') == std::string_view::npos) return malformed("there is no IPv6 address in the brackets");
  const auto address = IpAddress::parse(inside);
  if (!address) return malformed("there is no IPv6 address in the brackets");
  // A translator would lead to that IPv4 site, so its rules apply and it is what is dialled.
  const IpAddress site = address->embedded();
  append_address(site, out);
  return site;
}

}  // namespace

void append_address(const IpAddress& address, std::string& out) {
  if (address.is_v4()) {
    out += address.text();
  } else {
    out += '[';
    out += address.text();
    out += ']';
  }
}

Result<std::optional<IpAddress>> append_canonical_host(std::string_view text, std::string& out) {
  if (append_plain_name(text, out)) return std::nullopt;
  if (text.empty()) return malformed("the host name is empty");
  if (text[0] == '[') return append_bracketed(text, out);

  std::string host(text);
  unescape_to_fixpoint(host);
  if (!is_ascii(host)) {
    // libidn2 takes a C string: a NUL would hide what follows it.
    if (host.find('\0') != std::string::npos) return malformed("the host name holds a character that no host may hold");
    if (host.size() > kMaxUnicode) return malformed("the host name is too long");
    auto ascii = to_ascii(host);
    if (!ascii) return std::unexpected(std::move(ascii.error()));
    host = std::move(*ascii);
  }
  for (char& c : host) {
    const char canonical = host_byte(c);
    if (canonical == 0) {
      return malformed("the host name holds a character that no host may hold",
                       c == ':' ? "write an IPv6 address in brackets" : "");
    }
    c = canonical;
  }
  if (host.ends_with('.')) host.pop_back();
  if (host.empty()) return malformed("the host name is empty");
  if (ends_in_number(host)) {
    const auto number = parse_ipv4_spelling(host);
    if (!number) return malformed("the host ends in a number but is not an IPv4 address");
    const IpAddress address = IpAddress::v4(*number);
    append_address(address, out);
    return address;
  }
  if (auto good = check_labels(host); !good) return std::unexpected(std::move(good.error()));
  out += host;
  return std::nullopt;
}

}  // namespace schoolgate::names
