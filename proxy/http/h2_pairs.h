// A head as nghttp2 takes it. For h2_session.cc and h2_machine.cc alone.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/http/h2_head.h"

namespace schoolgate::http {

inline nghttp2_nv h2_pair(std::string_view name, std::string_view value, bool never_index = false) noexcept {
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));  // only read
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          std::uint8_t(never_index ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE)};
}

/// Pseudo-fields first; views the head, and its own digits.
class H2Pairs {
 public:
  explicit H2Pairs(const H2Head& head) {
    list_.reserve(head.fields.size() + 6);
    if (head.status != 0) {
      const auto [end, error] = std::to_chars(digits_.data(), digits_.data() + digits_.size(), head.status);
      list_.push_back(h2_pair(":status", {digits_.data(), end}));
    }
    if (!head.method.empty()) list_.push_back(h2_pair(":method", head.method));
    if (!head.scheme.empty()) list_.push_back(h2_pair(":scheme", head.scheme));
    if (!head.authority.empty()) list_.push_back(h2_pair(":authority", head.authority));
    if (!head.path.empty()) list_.push_back(h2_pair(":path", head.path));
    if (!head.protocol.empty()) list_.push_back(h2_pair(":protocol", head.protocol));
    for (const Field& field : head.fields)
      if (!field.drop) list_.push_back(h2_pair(field.name, field.value, field.never_index));
  }
  H2Pairs(const H2Pairs&) = delete;
  H2Pairs& operator=(const H2Pairs&) = delete;
  [[nodiscard]] const nghttp2_nv* data() const noexcept { return list_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return list_.size(); }

 private:
  std::array<char, 12> digits_;
  std::vector<nghttp2_nv> list_;
};

}  // namespace schoolgate::http
