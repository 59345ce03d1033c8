// UUID version 7 (RFC 9562 section 5.7): unique everywhere, and in order of time, so records sort by their id.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace schoolgate {

class Uuid {
 public:
  Uuid() = default;
  /// A new version-7 id for `time`; 74 random bits. Thread-safe.
  [[nodiscard]] static Uuid v7(TimePoint time);
  /// Reads what text() writes, capitals too; nothing for anything else.
  [[nodiscard]] static std::optional<Uuid> from_text(std::string_view text) noexcept;
  /// The 36 lower-case characters with hyphens.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  /// A reference that can be read out on the telephone: ten letters and digits (Crockford base 32) of the random part,
  /// as "7GQ4-2MXKD9".
  [[nodiscard]] std::string reference() const;
  auto operator<=>(const Uuid&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace schoolgate
