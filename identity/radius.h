// RADIUS accounting (RFC 2866; attributes of RFC 2865, 2869 and 3162): the report of an access point or switch about
// a person who came onto the network by 802.1X. Pure: bytes in, values or a named refusal out; it owns no socket.
//
// A packet is believed when its authenticator fits the secret that is shared with its sender. MD5 makes that no strong
// seal: packets belong on a network that pupils do not reach, and docs/identity.md says so.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "identity/seen_marks.h"
#include "names/ip_address.h"

namespace schoolgate::identity {

enum class RadiusRefusal : std::uint8_t {
  unknown_sender,
  too_short,
  bad_length,  ///< longer than the datagram, or than 4,096
  not_accounting,
  wrong_secret,
  bad_attribute,  ///< lengths that do not add up, a value of the wrong size
  no_status,
  no_session,  ///< Start, Interim or Stop without Acct-Session-Id
  stale,       ///< its Event-Timestamp is minutes away from our clock
  repeated,    ///< seen before: a retransmission, or a replay
  no_digest,   ///< this machine's OpenSSL refuses MD5
};
inline constexpr std::size_t kRadiusRefusals = 11;
[[nodiscard]] std::string_view to_string(RadiusRefusal refusal) noexcept;

struct AccountingRequest {
  enum class Status : std::uint8_t { start, stop, interim, on, off, other };
  std::uint8_t id = 0;
  std::array<std::uint8_t, 16> authenticator{};
  Status status = Status::other;
  std::string user;  ///< as sent, up to 253 bytes of anything
  std::optional<names::IpAddress> address;
  std::vector<names::IpAddress> more_addresses;  ///< Framed-IPv6-Address; at most 8
  std::string mac;                               ///< of Calling-Station-Id, canonical; empty when it is no MAC
  /// Acct-Session-Id with the access point's name before it: "ap-hall/5F00-12". Ids alone are not unique, and names
  /// are not either: whoever keeps it puts the packet's sender before it. An id that is longer than is shown, or holds
  /// what is not, ends in a digest of all of it: "ap-hall/5F00…#9c1185a5c5e9fc54".
  std::string session_id;
  std::string sender;  ///< NAS-Identifier, else NAS-IP-Address; may be empty
  std::optional<TimePoint> event_time;
};

inline constexpr std::size_t kLongestRadiusPacket = 4096;

/// Octets after the packet's own length are padding and ignored (RFC 2865 section 3).
[[nodiscard]] std::expected<AccountingRequest, RadiusRefusal> read_accounting_request(
    std::span<const std::uint8_t> datagram, std::string_view secret);

/// The 20 octets of an Accounting-Response to `request`; nothing where MD5 is refused.
[[nodiscard]] std::optional<std::string> accounting_response(const AccountingRequest& request, std::string_view secret);

/// Keeps old packets from being told again, over a restart too where it has a file: belongs to one thread.
class RadiusMemory {
 public:
  static constexpr std::chrono::minutes kSkew{5};
  static constexpr std::size_t kRemembered = 65'536;

  /// Nothing when the request is new and of now. `repeated` should be answered again (its answer may be lost), but
  /// never acted upon; `stale` should not.
  [[nodiscard]] Result<void> keep_in(const std::filesystem::path& file) { return seen_.keep_in(file); }
  [[nodiscard]] std::optional<RadiusRefusal> look(const AccountingRequest& request, const names::IpAddress& from,
                                                  TimePoint now);

 private:
  SeenMarks seen_{kRemembered};
};

}  // namespace schoolgate::identity
