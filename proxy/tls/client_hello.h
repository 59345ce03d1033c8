// Reading the ClientHello, the one message of TLS that says in clear where a connection is going.
//
// Pure: bytes in, an answer out; no I/O, no clock, no policy. Everything here is hostile input: every length is checked
// against what is there, nothing is guessed, and what cannot be read is Malformed, never "no name".
// RFC 8446 section 4.1.2 and 5.1, RFC 5246 section 7.4.1.2, RFC 6066 section 3, RFC 7301, RFC 9849.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace schoolgate::tls {

using Octets = std::span<const std::uint8_t>;

/// A handshake message longer than this is Malformed.
inline constexpr std::size_t kMaxHello = 64 * 1024;
/// The same for all that arrives until the hello is whole, record headers included: what a connection may have to
/// buffer.
inline constexpr std::size_t kMaxHelloWire = 80 * 1024;

/// Why bytes that begin like TLS are not a ClientHello that we accept.
enum class Defect : std::uint8_t {
  ssl2_hello,             ///< an SSL 2.0 compatible hello (RFC 6176 forbids it)
  unexpected_record,      ///< an alert, a change_cipher_spec or data where the hello (or the rest of it) must be
  record_length,          ///< a record that is empty or longer than 2^14
  record_version,         ///< a record of the hello whose major version is not 3
  not_client_hello,       ///< a handshake message of another type
  too_long,               ///< more than kMaxHello or kMaxHelloWire
  trailing_data,          ///< more handshake bytes behind the hello in its last record
  length,                 ///< a length field that does not fit what surrounds it
  version,                ///< legacy_version below SSL 3.0
  session_id,             ///< longer than 32
  cipher_suites,          ///< none, or an odd number of bytes
  compression,            ///< none
  duplicate_extension,    ///< RFC 8446 section 4.2
  server_name_extension,  ///< an empty list or lengths that contradict each other
  alpn_extension,         ///< RFC 7301 section 3.1
  supported_versions_extension,
  ech_extension,  ///< RFC 9849 section 5
};
[[nodiscard]] std::string_view to_string(Defect defect) noexcept;

struct NeedMore {};
struct NotTls {};
struct Malformed {
  Defect why;
};

enum class ServerNameKind : std::uint8_t {
  none,
  dns,         ///< letters, digits, hyphens, underscores and dots in non-empty labels; one trailing dot is possible
  ip_literal,  ///< forbidden by RFC 6066 section 3: treat as no name, and check the address
  malformed,   ///< empty, two names, over 255 bytes, NUL, not LDH, an empty label, or an unknown name type
};

/// The protocols of an ALPN list, in order; views into the hello.
class AlpnList {
 public:
  AlpnList() = default;
  explicit AlpnList(Octets list) noexcept : list_(list) {}

  class Iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(const std::uint8_t* at) noexcept : at_(at) {}
    std::string_view operator*() const noexcept { return {reinterpret_cast<const char*>(at_ + 1), *at_}; }
    Iterator& operator++() noexcept { return at_ += 1 + *at_, *this; }
    Iterator operator++(int) noexcept { return std::exchange(*this, Iterator(at_ + 1 + *at_)); }
    bool operator==(const Iterator&) const = default;

   private:
    const std::uint8_t* at_ = nullptr;
  };
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(list_.data()); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator(list_.data() + list_.size()); }
  [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
  [[nodiscard]] bool contains(std::string_view protocol) const noexcept;

 private:
  Octets list_;  ///< already checked
};

/// All views lie in the bytes that were parsed, or in the HelloReader when the hello came in several records.
struct ClientHello {
  ServerNameKind server_name_kind = ServerNameKind::none;
  std::string_view server_name;  ///< as sent; when malformed, whatever was there
  AlpnList alpn;
  bool has_ech = false;       ///< encrypted_client_hello (0xfe0d), GREASE or real: then server_name is an outer name
  bool has_old_esni = false;  ///< the abandoned drafts of ECH: 0xffce (ESNI), 0xfe08 to 0xfe0c
  bool has_early_data = false;
  std::uint16_t legacy_version = 0;
  Octets supported_versions;  ///< big-endian pairs, GREASE included; empty when the extension is absent
  Octets session_id;
  Octets cipher_suites;            ///< big-endian pairs
  std::size_t bytes_consumed = 0;  ///< of the input, up to the end of the record that ends the hello
  std::size_t records = 0;         ///< over how many records it came

  /// The highest real version offered, as 0x0304 for TLS 1.3; legacy_version where supported_versions is absent; 0 when
  /// nothing but GREASE and drafts is offered.
  [[nodiscard]] std::uint16_t highest_version() const noexcept;
};

using Parsed = std::variant<NeedMore, NotTls, Malformed, ClientHello>;

/// Gathers a hello that arrives in pieces; linear in the bytes whatever their number. One connection, one reader.
/// Allocates only when the hello comes in more than one record.
class HelloReader {
 public:
  /// `so_far` is everything received from the start of the connection, a little longer every time (it may have moved).
  /// Once anything but NeedMore was said, the reader is done.
  [[nodiscard]] Parsed read(Octets so_far);

 private:
  friend Parsed parse(Octets bytes, std::vector<std::uint8_t>& joined);
  std::vector<std::uint8_t> joined_;  ///< the handshake message without record headers, when it spans records
  std::size_t next_record_ = 0;       ///< offset of the first record not looked at yet
  std::size_t records_ = 0;
};

/// One look at `bytes` from their start: what a fresh HelloReader says. The views of a hello that comes in several
/// records point into `joined`, all others into `bytes`.
[[nodiscard]] Parsed parse(Octets bytes, std::vector<std::uint8_t>& joined);

}  // namespace schoolgate::tls
