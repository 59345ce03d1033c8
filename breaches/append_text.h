// Appending numbers and times to a line without allocating: what both logs are written with.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/uuid.h"

namespace schoolgate::breaches {

template <std::integral N>
void append_number(std::string& out, N number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

/// RFC 3339 in UTC with milliseconds; remembers the second it wrote last, as records come in order. One thread only.
class TimeText {
 public:
  void append(std::string& out, TimePoint time);

 private:
  std::int64_t second_ = INT64_MIN;
  char prefix_[20] = {};  ///< "2026-11-22T09:30:00."
};

/// The 36 characters of an id.
void append_uuid(std::string& out, const Uuid& id);

/// A canonical URL without its query: what follows '?' is written as one "…" (U+2026), as names::Url::redacted() does.
/// At most `limit` bytes, then "…" too.
void append_redacted_url(std::string& json, std::string_view url, std::size_t limit = 4096);

/// At most `limit` bytes of `text`, escaped for JSON.
void append_bounded(std::string& json, std::string_view text, std::size_t limit = 512);
/// The same after `opening`, the text of a member up to its value.
void append_field(std::string& json, std::string_view opening, std::string_view value);

}  // namespace schoolgate::breaches
