#include "identity/radius.h"

#include <algorithm>

#include "base/digest.h"
#include "identity/account_name.h"
#include "identity/message_digest.h"

namespace schoolgate::identity {
namespace {

using names::IpAddress;
using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t kAccountingRequest = 4, kAccountingResponse = 5;  // RFC 2866 section 3
constexpr std::size_t kHeader = 20;
constexpr std::size_t kMostAddresses = 8;

/// RFC 2865 section 5, RFC 2866 section 5, RFC 2869 section 5, RFC 6911 section 3.
enum Attribute : std::uint8_t {
  kUserName = 1,
  kNasIpAddress = 4,
  kFramedIpAddress = 8,
  kCallingStationId = 31,
  kNasIdentifier = 32,
  kStatusType = 40,
  kSessionId = 44,
  kEventTimestamp = 55,
  kNasIpv6Address = 95,
  kFramedIpv6Address = 168,
};

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::uint32_t number_of(Bytes four) {
  return std::uint32_t(four[0]) << 24 | std::uint32_t(four[1]) << 16 | std::uint32_t(four[2]) << 8 | four[3];
}

AccountingRequest::Status status_of(std::uint32_t number) {
  using Status = AccountingRequest::Status;
  switch (number) {
    case 1: return Status::start;
    case 2: return Status::stop;
    case 3: return Status::interim;
    case 7: return Status::on;
    case 8: return Status::off;
    default: return Status::other;
  }
}

/// What is shown of a name that a packet brought: printable ASCII, at most 64.
std::string shown(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes.first(std::min<std::size_t>(bytes.size(), 64)))
    text += byte > 0x20 && byte < 0x7F ? char(byte) : '?';
  return text;
}

/// The same, and still another for another value.
std::string told_apart(Bytes bytes) {
  std::string text = shown(bytes);
  if (text != text_of(bytes)) text += '#' + to_hex(sha256(text_of(bytes))).substr(0, 16);
  return text;
}

/// False when the value does not have the size of its kind.
bool take(std::uint8_t type, Bytes value, AccountingRequest& request, std::string& id, std::string& sender_address,
          std::optional<std::uint32_t>& status) {
  switch (type) {
    case kUserName: request.user = text_of(value); return true;
    case kCallingStationId: request.mac = mac_address(text_of(value)).value_or(""); return true;
    case kNasIdentifier: request.sender = told_apart(value); return true;
    case kSessionId: id = told_apart(value); return !value.empty();
    case kNasIpAddress:
      if (value.size() != 4) return false;
      sender_address = IpAddress::v4(number_of(value)).text();
      return true;
    case kNasIpv6Address:
      if (value.size() != 16) return false;
      if (sender_address.empty()) sender_address = IpAddress::v6(value.first<16>()).text();
      return true;
    case kFramedIpAddress:
      if (value.size() != 4) return false;
      // All ones and all ones but the last ask the server to choose (RFC 2865 section 5.8): no address.
      if (const std::uint32_t number = number_of(value); number != 0 && number < 0xFFFFFFFE)
        request.address = IpAddress::v4(number);
      return true;
    case kFramedIpv6Address:
      if (value.size() != 16) return false;
      if (request.more_addresses.size() < kMostAddresses)
        request.more_addresses.push_back(IpAddress::v6(value.first<16>()));
      return true;
    case kStatusType:
      if (value.size() != 4) return false;
      status = number_of(value);
      return true;
    case kEventTimestamp:
      if (value.size() != 4) return false;
      request.event_time = TimePoint(std::chrono::seconds(number_of(value)));
      return true;
    default: return true;
  }
}

}  // namespace

std::string_view to_string(RadiusRefusal refusal) noexcept {
  switch (refusal) {
    case RadiusRefusal::unknown_sender: return "unknown sender";
    case RadiusRefusal::too_short: return "too short";
    case RadiusRefusal::bad_length: return "bad length";
    case RadiusRefusal::not_accounting: return "no accounting request";
    case RadiusRefusal::wrong_secret: return "wrong secret";
    case RadiusRefusal::bad_attribute: return "malformed attribute";
    case RadiusRefusal::no_status: return "no Acct-Status-Type";
    case RadiusRefusal::no_session: return "no Acct-Session-Id";
    case RadiusRefusal::stale: return "its time is not ours";
    case RadiusRefusal::repeated: return "repeated";
    case RadiusRefusal::no_digest: return "MD5 is refused here";
  }
  return "refused";
}

std::expected<AccountingRequest, RadiusRefusal> read_accounting_request(Bytes datagram, std::string_view secret) {
  if (datagram.size() < kHeader) return std::unexpected(RadiusRefusal::too_short);
  const std::size_t length = std::size_t(datagram[2]) << 8 | datagram[3];
  if (length < kHeader || length > datagram.size() || length > kLongestRadiusPacket)
    return std::unexpected(RadiusRefusal::bad_length);
  if (datagram[0] != kAccountingRequest) return std::unexpected(RadiusRefusal::not_accounting);
  const Bytes packet = datagram.first(length);
  const Bytes attributes = packet.subspan(kHeader);

  // RFC 2866 section 3: the authenticator is the MD5 of the packet with sixteen zeros in its place, and the secret.
  static constexpr char kZeros[16] = {};
  const auto digest = md5({text_of(packet.first(4)), {kZeros, sizeof kZeros}, text_of(attributes), secret});
  if (!digest) return std::unexpected(RadiusRefusal::no_digest);
  if (!equal_in_constant_time(text_of(*digest), text_of(packet.subspan(4, 16))))
    return std::unexpected(RadiusRefusal::wrong_secret);

  AccountingRequest request;
  request.id = packet[1];
  std::ranges::copy(packet.subspan(4, 16), request.authenticator.begin());
  std::string id, sender_address;
  std::optional<std::uint32_t> status;
  for (Bytes rest = attributes; !rest.empty();) {
    if (rest.size() < 2 || rest[1] < 2 || rest[1] > rest.size()) return std::unexpected(RadiusRefusal::bad_attribute);
    if (!take(rest[0], rest.subspan(2, rest[1] - 2u), request, id, sender_address, status))
      return std::unexpected(RadiusRefusal::bad_attribute);
    rest = rest.subspan(rest[1]);
  }
  if (!status) return std::unexpected(RadiusRefusal::no_status);
  request.status = status_of(*status);
  if (request.sender.empty()) request.sender = sender_address;
  using Status = AccountingRequest::Status;
  const bool of_a_session =
      request.status == Status::start || request.status == Status::stop || request.status == Status::interim;
  if (of_a_session && id.empty()) return std::unexpected(RadiusRefusal::no_session);
  request.session_id = request.sender + '/' + id;
  return request;
}

std::optional<std::string> accounting_response(const AccountingRequest& request, std::string_view secret) {
  const std::array<std::uint8_t, 4> head{kAccountingResponse, request.id, 0, kHeader};
  const auto digest = md5({text_of(head), text_of(request.authenticator), secret});
  if (!digest) return std::nullopt;
  return std::string(text_of(head)) + std::string(text_of(*digest));
}

std::optional<RadiusRefusal> RadiusMemory::look(const AccountingRequest& request, const IpAddress& from,
                                                TimePoint now) {
  if (request.event_time) {
    const auto away = now - *request.event_time;
    if (away > kSkew || away < -kSkew) return RadiusRefusal::stale;
  }
  std::string mark(text_of(from.bytes()));
  mark += char(request.id);
  mark += text_of(request.authenticator);
  return seen_.note(mark) ? std::nullopt : std::optional(RadiusRefusal::repeated);
}

}  // namespace schoolgate::identity
