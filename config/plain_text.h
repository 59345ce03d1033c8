// Whether bytes are text that may be parsed at all, and how to quote what people wrote back at them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace schoolgate::config {

struct TextFault {
  int line = 0, column = 0;
  std::string message, hint;
};

/// The first thing that makes `text` unfit for parsing: UTF-16, invalid UTF-8, a NUL or other control character, a tab
/// that indents, a line longer than kMaxLineBytes (bounds the parser's look-ahead). A UTF-8 byte order mark at the
/// start is fine.
[[nodiscard]] std::optional<TextFault> find_text_fault(std::string_view text);

/// `text` for a message: at most `most` bytes of it, controls and broken UTF-8 escaped.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 60);
/// The same between single quotes.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace schoolgate::config
