#include "names/ip_address.h"

#include <algorithm>
#include <bit>
#include <charconv>

namespace schoolgate::names {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr Bytes kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

std::uint32_t word_at(const Bytes& bytes, std::size_t at) noexcept {
  return std::uint32_t(bytes[at]) << 24 | std::uint32_t(bytes[at + 1]) << 16 | std::uint32_t(bytes[at + 2]) << 8 |
         bytes[at + 3];
}

bool shares_prefix(const Bytes& a, const Bytes& b, int bits) noexcept {
  const auto whole = std::size_t(bits / 8);
  if (!std::equal(a.begin(), a.begin() + std::ptrdiff_t(whole), b.begin())) return false;
  const int rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

// Four decimal parts of 0 to 255 without leading zeros (RFC 6943 section 3.1.1: the strict form).
std::optional<std::uint32_t> parse_dotted_quad(std::string_view text) noexcept {
  std::uint32_t value = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (text.empty() || text[0] != '.') return std::nullopt;
      text.remove_prefix(1);
    }
    std::uint8_t octet = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), octet);
    const auto used = std::size_t(end - text.data());
    if (error != std::errc{} || (used > 1 && text[0] == '0')) return std::nullopt;
    text.remove_prefix(used);
    value = value << 8 | octet;
  }
  return text.empty() ? std::optional(value) : std::nullopt;
}

// RFC 4291 section 2.2: eight groups, one "::" for a run of zeros, the last two groups perhaps as a dotted quad.
std::optional<Bytes> parse_groups(std::string_view text) noexcept {
  Bytes bytes{};
  std::size_t have = 0;
  std::optional<std::size_t> gap;
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (have == 16) return std::nullopt;
    std::uint16_t group = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), group, 16);
    const auto used = std::size_t(end - text.data());
    if (error != std::errc{} || used > 4) return std::nullopt;
    if (used < text.size() && text[used] == '.') {
      const auto quad = parse_dotted_quad(text);
      if (!quad || have > 12) return std::nullopt;
      for (int shift = 24; shift >= 0; shift -= 8) bytes[have++] = std::uint8_t(*quad >> shift);
      text = {};
      break;
    }
    bytes[have++] = std::uint8_t(group >> 8);
    bytes[have++] = std::uint8_t(group);
    text.remove_prefix(used);
    if (text.empty()) break;
    if (text[0] != ':' || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
    if (text[0] == ':') {
      if (gap) return std::nullopt;
      gap = have;
      text.remove_prefix(1);
    }
  }
  if (!gap) return have == 16 ? std::optional(bytes) : std::nullopt;
  if (have == 16) return std::nullopt;
  std::rotate(bytes.begin() + std::ptrdiff_t(*gap), bytes.begin() + std::ptrdiff_t(have), bytes.end());
  return bytes;
}

struct Range {
  std::uint32_t base;
  int bits;
};

bool lies_in(std::uint32_t address, Range range) noexcept { return (address ^ range.base) >> (32 - range.bits) == 0; }

// IANA IPv4 Special-Purpose Address Registry: the blocks that are not globally reachable, and multicast.
constexpr Range kSpecialV4[] = {
    {0x00000000, 8},   // "this network"
    {0x0A000000, 8},   // private
    {0x64400000, 10},  // shared address space (CGNAT)
    {0x7F000000, 8},   // loopback
    {0xA9FE0000, 16},  // link local, where cloud metadata services answer
    {0xAC100000, 12},  // private
    {0xC0000000, 24},  // IETF protocol assignments
    {0xC0000200, 24},  // documentation
    {0xC0586300, 24},  // 6to4 relay anycast, withdrawn
    {0xC0A80000, 16},  // private
    {0xC6120000, 15},  // benchmarking
    {0xC6336400, 24},  // documentation
    {0xCB007100, 24},  // documentation
    {0xE0000000, 4},   // multicast
    {0xF0000000, 4},   // reserved, and limited broadcast
};

bool is_special_v4(std::uint32_t address) noexcept {
  if (address == 0xC0000009 || address == 0xC000000A) return false;  // PCP and TURN anycast are reachable
  return std::ranges::any_of(kSpecialV4, [=](Range range) { return lies_in(address, range); });
}

// IANA IPv6 Special-Purpose Address Registry. Only 2000::/3 is global unicast at all, so what lies outside it is
// special without being listed (loopback, unique local, link local, site local, multicast, discard-only, SRv6 …).
bool is_special_v6(const Bytes& bytes) noexcept {
  if (bytes[0] >> 5 != 1) return true;
  const std::uint32_t head = word_at(bytes, 0);
  if (head == 0x20010DB8 || lies_in(head, {0x3FFF0000, 20})) return true;  // documentation
  if (!lies_in(head, {0x20010000, 23})) return false;
  // IETF protocol assignments: not reachable, but for these.
  const std::uint32_t second = word_at(bytes, 4);
  const bool single = head == 0x20010001 && second == 0 && word_at(bytes, 8) == 0 && word_at(bytes, 12) >= 1 &&
                      word_at(bytes, 12) <= 3;                          // PCP, TURN and DNS-SD anycast
  const bool block = head == 0x20010003 ||                              // AMT
                     (head == 0x20010004 && second >> 16 == 0x0112) ||  // AS112
                     lies_in(head, {0x20010020, 28}) || lies_in(head, {0x20010030, 28});  // ORCHIDv2, drone remote id
  return !single && !block;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  if (text.find(':') == std::string_view::npos) {
    const auto quad = parse_dotted_quad(text);
    return quad ? std::optional(v4(*quad)) : std::nullopt;
  }
  const auto bytes = parse_groups(text);
  return bytes ? std::optional(v6(*bytes)) : std::nullopt;
}

IpAddress IpAddress::v4(std::uint32_t host_order) noexcept {
  IpAddress address;
  address.bytes_ = kMapped;
  for (std::size_t i = 0; i < 4; ++i) address.bytes_[12 + i] = std::uint8_t(host_order >> (24 - 8 * i));
  return address;
}

IpAddress IpAddress::v6(std::span<const std::uint8_t, 16> bytes) noexcept {
  IpAddress address;
  std::ranges::copy(bytes, address.bytes_.begin());
  return address;
}

bool IpAddress::is_v4() const noexcept { return std::equal(bytes_.begin(), bytes_.begin() + 12, kMapped.begin()); }

bool IpAddress::is_loopback() const noexcept {
  if (is_v4()) return v4_host_order() >> 24 == 127;
  return bytes_[15] == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

std::uint32_t IpAddress::v4_host_order() const noexcept { return word_at(bytes_, 12); }

std::string IpAddress::text() const {
  char out[40];
  char* at = out;
  char* const end = out + sizeof out;
  if (is_v4()) {
    for (std::size_t i = 12; i < 16; ++i) {
      if (i > 12) *at++ = '.';
      at = std::to_chars(at, end, bytes_[i]).ptr;
    }
    return {out, at};
  }
  // RFC 5952 section 4.2: "::" stands for the longest run of at least two zero groups, the first of equals.
  const auto group = [&](int i) { return bytes_[std::size_t(2 * i)] << 8 | bytes_[std::size_t(2 * i + 1)]; };
  int gap = -1, gap_length = 1;
  for (int i = 0; i < 8;) {
    int run = 0;
    while (i + run < 8 && group(i + run) == 0) ++run;
    if (run > gap_length) gap = i, gap_length = run;
    i += run + 1;
  }
  for (int i = 0; i < 8; ++i) {
    if (i == gap) {
      *at++ = ':';
      *at++ = ':';
      i += gap_length - 1;
      continue;
    }
    if (i > 0 && i != gap + gap_length) *at++ = ':';
    at = std::to_chars(at, end, group(i), 16).ptr;
  }
  return {out, at};
}

IpAddress IpAddress::embedded() const noexcept {
  const std::uint32_t w0 = word_at(bytes_, 0), w1 = word_at(bytes_, 4), w2 = word_at(bytes_, 8),
                      w3 = word_at(bytes_, 12);
  if (w0 == 0x0064FF9B && w1 == 0 && w2 == 0) return v4(w3);   // NAT64, RFC 6052
  if (w0 >> 16 == 0x2002) return v4(w0 << 16 | w1 >> 16);      // 6to4, RFC 3056
  if (w0 == 0 && w1 == 0 && w2 == 0 && w3 > 1) return v4(w3);  // IPv4-compatible, RFC 4291 2.5.5.1
  if (w0 == 0 && w1 == 0 && w2 == 0xFFFF0000) return v4(w3);   // IPv4-translated, RFC 7915
  if (w2 == 0x00005EFE || w2 == 0x02005EFE) return v4(w3);     // ISATAP, RFC 5214 section 6.1
  return *this;
}

bool IpAddress::is_special() const noexcept {
  const IpAddress real = embedded();
  return real.is_v4() ? is_special_v4(real.v4_host_order()) : is_special_v6(real.bytes_);
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const std::string_view address_text = text.substr(0, slash);
  const auto address = IpAddress::parse(address_text);
  if (!address) return std::nullopt;
  IpNetwork network;
  network.base_ = *address;
  if (slash == std::string_view::npos) return network;

  const bool dotted = address_text.find(':') == std::string_view::npos;
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size() || bits > (dotted ? 32u : 128u) ||
      (digits.size() > 1 && digits[0] == '0'))
    return std::nullopt;
  network.prefix_length_ = int(bits) + (dotted ? 96 : 0);
  for (int bit = network.prefix_length_; bit < 128; ++bit)
    if (network.base_.bytes()[std::size_t(bit / 8)] >> (7 - bit % 8) & 1) return std::nullopt;
  return network;
}

bool IpNetwork::contains(const IpAddress& address) const noexcept {
  // "::/0" means every IPv6 address; that IPv4 is kept in mapped form must not show.
  if (address.is_v4() && prefix_length_ < 96) return false;
  return shares_prefix(address.bytes(), base_.bytes(), prefix_length_);
}

std::string IpNetwork::text() const {
  const bool v4 = base_.is_v4();
  return base_.text() + '/' + std::to_string(prefix_length_ - (v4 ? 96 : 0));
}

}  // namespace schoolgate::names
