#include "proxy/tls/client_hello.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <memory>

#include "names/ip_address.h"
#include "proxy/tls/record_layer.h"

namespace schoolgate::tls {
namespace {

constexpr std::uint8_t kClientHelloType = 1;  // RFC 8446 appendix B.3
constexpr std::size_t kMaxRecord = 1 << 14;

enum Extension : std::uint16_t {
  kServerName = 0,
  kAlpn = 16,
  kEarlyData = 42,
  kSupportedVersions = 43,
  kOldestEch = 0xfe08,
  kNewestOldEch = 0xfe0c,
  kEch = 0xfe0d,
  kEsni = 0xffce,
};

std::size_t big_endian(Octets bytes) noexcept {
  std::size_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

std::string_view text_of(Octets bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Walks bytes from front to back. A read past the end gives nothing and leaves the cursor failed for good.
class Cursor {
 public:
  explicit Cursor(Octets bytes) noexcept : rest_(bytes) {}

  Octets take(std::size_t count) noexcept {
    if (failed_ || count > rest_.size()) {
      failed_ = true;
      return {};
    }
    const Octets taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  std::size_t number(std::size_t width) noexcept { return big_endian(take(width)); }
  // A vector with its length in front (RFC 8446 section 3.4).
  Octets vector(std::size_t width) noexcept { return take(number(width)); }

  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  [[nodiscard]] bool read_all() const noexcept { return !failed_ && rest_.empty(); }

 private:
  Octets rest_;
  bool failed_ = false;
};

// Has this extension type been here before? A bit for the registered low numbers, a short list for the others, and a
// table once a hello carries so many that a list would make it quadratic.
class SeenExtensions {
 public:
  // True when `type` is new.
  bool insert(std::uint16_t type) {
    if (type < 64) {
      const std::uint64_t bit = std::uint64_t(1) << type;
      return (std::exchange(low_, low_ | bit) & bit) == 0;
    }
    if (table_) return set_in_table(type);
    if (std::find(others_.begin(), others_.begin() + count_, type) != others_.begin() + count_) return false;
    if (count_ < others_.size()) {
      others_[count_++] = type;
      return true;
    }
    table_ = std::make_unique<std::bitset<65536>>();
    for (const std::uint16_t other : others_) table_->set(other);
    return set_in_table(type);
  }

 private:
  bool set_in_table(std::uint16_t type) {
    if (table_->test(type)) return false;
    table_->set(type);
    return true;
  }
  std::uint64_t low_ = 0;
  std::array<std::uint16_t, 32> others_;
  std::size_t count_ = 0;
  std::unique_ptr<std::bitset<65536>> table_;
};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// WHATWG "ends in a number": what a browser or a resolver would take for an IPv4 address, in any spelling.
bool ends_in_number(std::string_view name) noexcept {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  if (std::ranges::all_of(last, is_digit)) return true;
  if (!last.starts_with("0x") && !last.starts_with("0X")) return false;
  return std::ranges::all_of(last.substr(2),
                             [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
}

ServerNameKind kind_of(std::string_view name) noexcept {
  if (name.empty() || name.size() > 255) return ServerNameKind::malformed;
  if (name.find(':') != std::string_view::npos) {
    if (name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
    name = name.substr(0, name.find('%'));
    return names::IpAddress::parse(name) ? ServerNameKind::ip_literal : ServerNameKind::malformed;
  }
  if (name.back() == '.') name.remove_suffix(1);
  if (name.empty() || name.front() == '.' || name.back() == '.') return ServerNameKind::malformed;
  char previous = '\0';
  for (const char c : name) {
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    if (!letter && !is_digit(c) && c != '-' && c != '_' && c != '.') return ServerNameKind::malformed;
    if (c == '.' && previous == '.') return ServerNameKind::malformed;
    previous = c;
  }
  return ends_in_number(name) ? ServerNameKind::ip_literal : ServerNameKind::dns;
}

// RFC 6066 section 3. What contradicts itself is a defect; what is well formed but no host name is a malformed name.
bool read_server_name(Octets body, ClientHello& hello) {
  Cursor cursor(body);
  Cursor list(cursor.vector(2));
  if (!cursor.read_all() || list.at_end()) return false;
  std::size_t count = 0;
  bool known_types = true;
  while (!list.at_end()) {
    known_types &= list.number(1) == 0;
    const Octets name = list.vector(2);
    if (list.failed()) return false;
    if (count++ == 0) hello.server_name = text_of(name);
  }
  hello.server_name_kind = count == 1 && known_types ? kind_of(hello.server_name) : ServerNameKind::malformed;
  return true;
}

bool read_alpn(Octets body, ClientHello& hello) {
  Cursor cursor(body);
  const Octets list = cursor.vector(2);
  if (!cursor.read_all() || list.empty()) return false;
  for (Cursor each(list); !each.at_end();)
    if (each.vector(1).empty()) return false;
  hello.alpn = AlpnList(list);
  return true;
}

bool read_supported_versions(Octets body, ClientHello& hello) {
  Cursor cursor(body);
  hello.supported_versions = cursor.vector(1);
  return cursor.read_all() && !hello.supported_versions.empty() && hello.supported_versions.size() % 2 == 0;
}

// RFC 9849 section 5: ECHClientHello. Whether it is GREASE cannot be seen from outside.
bool is_ech(Octets body) {
  Cursor cursor(body);
  constexpr std::size_t outer = 0, inner = 1;
  const std::size_t type = cursor.number(1);
  if (cursor.failed() || type > inner) return false;
  if (type == outer) {
    cursor.take(4 + 1);  // HPKE cipher suite, config_id
    cursor.vector(2);    // enc: empty in a hello after HelloRetryRequest
    if (cursor.vector(2).empty()) return false;
  }
  return cursor.read_all();
}

std::optional<Defect> read_extension(std::uint16_t type, Octets body, ClientHello& hello) {
  switch (type) {
    case kServerName:
      if (!read_server_name(body, hello)) return Defect::server_name_extension;
      break;
    case kAlpn:
      if (!read_alpn(body, hello)) return Defect::alpn_extension;
      break;
    case kSupportedVersions:
      if (!read_supported_versions(body, hello)) return Defect::supported_versions_extension;
      break;
    case kEch:
      if (!is_ech(body)) return Defect::ech_extension;
      hello.has_ech = true;
      break;
    case kEarlyData: hello.has_early_data = true; break;
    case kEsni: hello.has_old_esni = true; break;
    default:
      if (type >= kOldestEch && type <= kNewestOldEch) hello.has_old_esni = true;
      break;
  }
  return std::nullopt;
}

// The handshake message without its header, RFC 8446 section 4.1.2.
Parsed read_message(Octets message) {
  ClientHello hello;
  Cursor cursor(message);
  hello.legacy_version = std::uint16_t(cursor.number(2));
  cursor.take(32);  // random
  hello.session_id = cursor.vector(1);
  hello.cipher_suites = cursor.vector(2);
  const Octets compression = cursor.vector(1);
  if (cursor.failed()) return Malformed{Defect::length};
  if (hello.legacy_version < 0x0300) return Malformed{Defect::version};
  if (hello.session_id.size() > 32) return Malformed{Defect::session_id};
  if (hello.cipher_suites.empty() || hello.cipher_suites.size() % 2 != 0) return Malformed{Defect::cipher_suites};
  if (compression.empty()) return Malformed{Defect::compression};
  if (cursor.at_end()) return hello;  // SSL 3.0 to TLS 1.2 may do without extensions

  Cursor extensions(cursor.vector(2));
  if (!cursor.read_all()) return Malformed{Defect::length};
  SeenExtensions seen;
  while (!extensions.at_end()) {
    const auto type = std::uint16_t(extensions.number(2));
    const Octets body = extensions.vector(2);
    if (extensions.failed()) return Malformed{Defect::length};
    if (!seen.insert(type)) return Malformed{Defect::duplicate_extension};
    if (const auto defect = read_extension(type, body, hello)) return Malformed{*defect};
  }
  return hello;
}

// What the very first bytes say, before there is a whole record header: nothing when they may begin a TLS handshake.
std::optional<Parsed> recognise(Octets bytes) {
  if (bytes.empty()) return NeedMore{};
  const std::uint8_t first = bytes[0];
  if (first >= kChangeCipherSpec && first <= kHeartbeat) {
    if (bytes.size() < 2) return NeedMore{};
    if (bytes[1] != 3) return NotTls{};
    if (first != kHandshake) return Malformed{Defect::unexpected_record};
    return std::nullopt;
  }
  // An SSL 2.0 hello: two bytes of length with the top bit set, type 1, version 0.2 or 3.x (RFC 5246 appendix E.2).
  if ((first & 0x80) == 0) return NotTls{};
  if (bytes.size() < 3) return NeedMore{};
  if (bytes[2] != 1) return NotTls{};
  if (bytes.size() < 5) return NeedMore{};
  if (bytes[3] == 3 || (bytes[3] == 0 && bytes[4] == 2)) return Malformed{Defect::ssl2_hello};
  return NotTls{};
}

}  // namespace

Parsed HelloReader::read(Octets so_far) {
  if (records_ == 0)
    if (const auto verdict = recognise(so_far)) return *verdict;
  for (;;) {
    const Octets rest = so_far.subspan(next_record_);
    if (rest.size() < kRecordHeader) {
      if (!rest.empty() && rest[0] != kHandshake) return Malformed{Defect::unexpected_record};
      return NeedMore{};
    }
    if (rest[0] != kHandshake) return Malformed{Defect::unexpected_record};
    if (rest[1] != 3) return Malformed{Defect::record_version};
    const std::size_t length = big_endian(rest.subspan(3, 2));
    if (length == 0 || length > kMaxRecord) return Malformed{Defect::record_length};
    if (next_record_ + kRecordHeader + length > kMaxHelloWire) return Malformed{Defect::too_long};
    const Octets fragment = rest.subspan(kRecordHeader, std::min(length, rest.size() - kRecordHeader));
    if (records_ == 0 && !fragment.empty() && fragment[0] != kClientHelloType)
      return Malformed{Defect::not_client_hello};
    if (fragment.size() < length) return NeedMore{};

    next_record_ += kRecordHeader + length;
    ++records_;
    Octets message = fragment;
    if (records_ > 1) {
      joined_.insert(joined_.end(), fragment.begin(), fragment.end());
      message = joined_;
    }
    if (message.size() >= kMessageHeader) {
      const std::size_t whole = kMessageHeader + big_endian(message.subspan(1, 3));
      if (whole > kMaxHello) return Malformed{Defect::too_long};
      if (message.size() > whole) return Malformed{Defect::trailing_data};
      if (message.size() == whole) {
        Parsed parsed = read_message(message.subspan(kMessageHeader));
        if (auto* hello = std::get_if<ClientHello>(&parsed)) {
          hello->bytes_consumed = next_record_;
          hello->records = records_;
        }
        return parsed;
      }
    }
    if (records_ == 1) joined_.assign(fragment.begin(), fragment.end());
  }
}

Parsed parse(Octets bytes, std::vector<std::uint8_t>& joined) {
  HelloReader reader;
  joined.clear();
  reader.joined_.swap(joined);
  Parsed parsed = reader.read(bytes);
  joined.swap(reader.joined_);
  return parsed;
}

bool AlpnList::contains(std::string_view protocol) const noexcept {
  for (const std::string_view each : *this)
    if (each == protocol) return true;
  return false;
}

std::uint16_t ClientHello::highest_version() const noexcept {
  if (supported_versions.empty()) return std::min<std::uint16_t>(legacy_version, 0x0303);
  std::uint16_t highest = 0;
  for (std::size_t i = 0; i + 1 < supported_versions.size(); i += 2) {
    const auto version = std::uint16_t(big_endian(supported_versions.subspan(i, 2)));
    if (version >= 0x0300 && version <= 0x0304) highest = std::max(highest, version);
  }
  return highest;
}

std::string_view to_string(Defect defect) noexcept {
  switch (defect) {
    case Defect::ssl2_hello: return "ssl2-hello";
    case Defect::unexpected_record: return "unexpected-record";
    case Defect::record_length: return "record-length";
    case Defect::record_version: return "record-version";
    case Defect::not_client_hello: return "not-client-hello";
    case Defect::too_long: return "too-long";
    case Defect::trailing_data: return "trailing-data";
    case Defect::length: return "length";
    case Defect::version: return "version";
    case Defect::session_id: return "session-id";
    case Defect::cipher_suites: return "cipher-suites";
    case Defect::compression: return "compression";
    case Defect::duplicate_extension: return "duplicate-extension";
    case Defect::server_name_extension: return "server-name-extension";
    case Defect::alpn_extension: return "alpn-extension";
    case Defect::supported_versions_extension: return "supported-versions-extension";
    case Defect::ech_extension: return "ech-extension";
  }
  return "unknown";
}

}  // namespace schoolgate::tls
