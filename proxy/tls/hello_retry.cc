#include "proxy/tls/hello_retry.h"

#include <algorithm>
#include <array>

#include "proxy/tls/record_layer.h"

namespace schoolgate::tls {
namespace {

constexpr std::uint8_t kServerHello = 2;
constexpr std::size_t kLegacyVersion = 2;

// SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3).
constexpr std::array<std::uint8_t, 32> kAsksAgain = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                                     0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                                     0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
constexpr std::size_t kRandomAt = kRecordHeader + kMessageHeader + kLegacyVersion;

std::size_t record_length(Octets record) noexcept { return std::size_t(record[3]) << 8 | record[4]; }

}  // namespace

FirstAnswer look_at_first_answer(Octets so_far) noexcept {
  if (so_far.empty()) return FirstAnswer::need_more;
  if (so_far[0] != kHandshake) return FirstAnswer::other;
  if (so_far.size() <= kRecordHeader) return FirstAnswer::need_more;
  if (so_far[kRecordHeader] != kServerHello) return FirstAnswer::other;
  if (kRecordHeader + record_length(so_far) < kRandomAt + kAsksAgain.size()) return FirstAnswer::cannot_tell;
  if (so_far.size() < kRandomAt + kAsksAgain.size()) return FirstAnswer::need_more;
  return std::ranges::equal(so_far.subspan(kRandomAt, kAsksAgain.size()), kAsksAgain) ? FirstAnswer::asks_again
                                                                                      : FirstAnswer::other;
}

std::size_t records_without_hello(Octets bytes) noexcept {
  std::size_t at = 0;
  while (at < bytes.size() && bytes[at] != kHandshake) {
    if (bytes[at] != kChangeCipherSpec && bytes[at] != kAlert && bytes[at] != kApplicationData) return SIZE_MAX;
    if (bytes.size() - at < kRecordHeader) break;
    const std::size_t size = kRecordHeader + record_length(bytes.subspan(at));
    if (bytes.size() - at < size) break;
    at += size;
  }
  return at;
}

}  // namespace schoolgate::tls
