#include "base/uuid.h"

#include <span>

#include "base/digest.h"

namespace schoolgate {
namespace {

// Random bytes are drawn a page at a time: a system call per record would be the dearest part of making an id.
void draw_random(std::span<std::uint8_t> out) {
  thread_local std::array<std::uint8_t, 1024> pool;
  thread_local std::size_t used = pool.size();
  if (pool.size() - used < out.size()) {
    fill_random(pool);
    used = 0;
  }
  for (std::uint8_t& byte : out) byte = pool[used++];
}

}  // namespace

Uuid Uuid::v7(TimePoint time) {
  Uuid id;
  const auto ms = static_cast<std::uint64_t>(time.time_since_epoch().count());
  for (int i = 0; i < 6; ++i) id.bytes_[std::size_t(i)] = std::uint8_t(ms >> (40 - 8 * i));
  draw_random(std::span(id.bytes_).subspan(6));
  id.bytes_[6] = std::uint8_t(0x70 | (id.bytes_[6] & 0x0F));
  id.bytes_[8] = std::uint8_t(0x80 | (id.bytes_[8] & 0x3F));
  return id;
}

std::optional<Uuid> Uuid::from_text(std::string_view text) noexcept {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return std::nullopt;
      continue;
    }
    const int value = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (value < 0) return std::nullopt;
    std::uint8_t& byte = id.bytes_[digits++ / 2];
    byte = std::uint8_t(byte << 4 | value);
  }
  return id;
}

std::string Uuid::text() const {
  const std::string hex = to_hex(bytes_);
  return hex.substr(0, 8) + '-' + hex.substr(8, 4) + '-' + hex.substr(12, 4) + '-' + hex.substr(16, 4) + '-' +
         hex.substr(20);
}

std::string Uuid::reference() const {
  static constexpr char kCrockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::uint64_t bits = 0;
  for (std::size_t i = 9; i < 16; ++i) bits = bits << 8 | bytes_[i];
  std::string out;
  for (int shift = 45; shift >= 0; shift -= 5) {
    out += kCrockford[(bits >> shift) & 31];
    if (out.size() == 4) out += '-';
  }
  return out;
}

}  // namespace schoolgate
