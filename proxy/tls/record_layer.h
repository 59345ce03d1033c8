// The numbers of the TLS record and handshake layers that are read before a handshake ends (RFC 8446 section 5.1 and
// appendix B).
#pragma once

#include <cstddef>
#include <cstdint>

namespace schoolgate::tls {

/// Content types of a record.
inline constexpr std::uint8_t kChangeCipherSpec = 20, kAlert = 21, kHandshake = 22, kApplicationData = 23,
                              kHeartbeat = 24;
/// Octets before the content of a record, and before the body of a handshake message.
inline constexpr std::size_t kRecordHeader = 5, kMessageHeader = 4;

}  // namespace schoolgate::tls
