#include "names/percent.h"

#include <array>
#include <cstdint>

namespace schoolgate::names {
namespace {

constexpr auto kHexValue = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (int i = 0; i < 10; ++i) table[std::size_t('0' + i)] = std::int8_t(i);
  for (int i = 0; i < 6; ++i) table[std::size_t('a' + i)] = table[std::size_t('A' + i)] = std::int8_t(10 + i);
  return table;
}();

int hex_value(char c) noexcept { return kHexValue[static_cast<unsigned char>(c)]; }

bool escaped_in_query(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte >= 0x7F || c == '%' || c == '#';
}

void append_escape(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  const char escape[] = {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  out.append(escape, sizeof escape);
}

}  // namespace

void unescape_to_fixpoint(std::string& text) {
  std::size_t end = text.find('%');
  if (end == std::string::npos) return;
  for (std::size_t next = end; next < text.size(); ++next) {
    text[end++] = text[next];
    // A decoded byte may itself complete an escape that began before it.
    while (end >= 3 && text[end - 3] == '%') {
      const int high = hex_value(text[end - 2]), low = hex_value(text[end - 1]);
      if (high < 0 || low < 0) break;
      end -= 2;
      text[end - 1] = char(high << 4 | low);
    }
  }
  text.resize(end);
}

void append_escaped_path(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '?' || escaped_in_query(c)) {
      append_escape(out, c);
    } else {
      out += c;
    }
  }
}

void append_escaped_query(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (escaped_in_query(c)) {
      append_escape(out, c);
    } else {
      out += c;
    }
  }
}

}  // namespace schoolgate::names
