#include "blocklists/canonical.h"

#include <array>
#include <charconv>

#include "names/host.h"

namespace schoolgate::blocklists {
namespace {

// Letters (lower-cased), digits, hyphen and underscore stand for themselves; '.' separates; 0 is anything else.
constexpr std::array<char, 256> kPlain = [] {
  std::array<char, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[std::size_t(c)] = char(c), table[std::size_t(c - 'a' + 'A')] = char(c);
  for (int c = '0'; c <= '9'; ++c) table[std::size_t(c)] = char(c);
  table['-'] = '-', table['_'] = '_', table['.'] = '.';
  return table;
}();

// True when `text` is a plain name; `scratch` then holds its lower-case form if it had capitals.
bool plain_name(std::string_view text, std::string& scratch, bool& lowered) {
  if (text.empty() || text.size() > 253) return false;
  std::size_t label = 0;  // where the current label begins
  bool capitals = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i], plain = kPlain[static_cast<unsigned char>(c)];
    if (plain == 0) return false;
    capitals |= plain != c;
    if (plain == '.') {
      if (i == label || i - label > 63) return false;
      label = i + 1;
    } else if (plain == '-' && i == label + 3 && text[i - 1] == '-') {
      return false;  // "xn--" and its like: IDNA decides
    }
  }
  if (label == text.size() || text.size() - label > 63) return false;
  if (text[label] >= '0' && text[label] <= '9') return false;  // perhaps an IPv4 spelling
  if (capitals) {
    scratch.resize(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) scratch[i] = kPlain[static_cast<unsigned char>(text[i])];
  }
  lowered = capitals;
  return true;
}

}  // namespace

Result<CanonicalHost> canonical_host(std::string_view text, std::string& scratch) {
  bool lowered = false;
  if (plain_name(text, scratch, lowered)) return CanonicalHost{lowered ? std::string_view(scratch) : text, false};
  auto host = names::Host::parse(text);
  if (!host) return std::unexpected(std::move(host.error()));
  scratch = host->text();
  return CanonicalHost{scratch, host->address().has_value()};
}

std::optional<names::IpNetwork> canonical_network(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto address = names::IpAddress::parse(text.substr(0, slash));
  if (!address) return {};
  const std::string_view digits = text.substr(slash + 1);
  int length = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc{} || end != digits.data() + digits.size() || length < 0) return {};
  if (length > (address->is_v4() ? 32 : 128)) return {};
  auto bytes = address->bytes();
  const int keep = length + (address->is_v4() ? 96 : 0);
  for (int bit = keep; bit < 128; ++bit) bytes[std::size_t(bit / 8)] &= std::uint8_t(~(0x80 >> bit % 8));
  return names::IpNetwork::parse(names::IpAddress::v6(bytes).text() + '/' + std::to_string(length));
}

}  // namespace schoolgate::blocklists
