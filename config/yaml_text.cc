#include "config/yaml_text.h"

#include <algorithm>

namespace schoolgate::config {
namespace {

constexpr auto kNoBlank = std::string_view::npos;

bool is_comment_line(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first != kNoBlank && line[first] == '#';
}

}  // namespace

std::size_t indent_of(std::string_view line) noexcept {
  std::size_t indent = 0;
  while (indent < line.size() && line[indent] == ' ') ++indent;
  return indent;
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
bool is_break(char c) noexcept { return c == '\n' || c == '\r'; }
bool is_blank_line(std::string_view line) noexcept { return line.find_first_not_of(" \t") == kNoBlank; }

YamlText::YamlText(std::string_view text) : text_(text) {
  const std::size_t first = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;  // places do not count the mark
  lines_.push_back(first);
  for (std::size_t i = first; i < text.size(); ++i)
    if (text[i] == '\n') lines_.push_back(i + 1);
  if (const std::size_t end = text.find('\n'); end != kNoBlank) eol_ = end > 0 && text[end - 1] == '\r' ? "\r\n" : "\n";
}

std::optional<std::size_t> YamlText::begin_of(const YamlNode& node) const {
  if (node.line < 1 || std::size_t(node.line) > lines_.size()) return std::nullopt;
  std::size_t at_byte = lines_[std::size_t(node.line) - 1] + std::size_t(node.column) - 1;
  if (at_byte >= text_.size()) return std::nullopt;
  while (at(at_byte) == '&' || at(at_byte) == '!') {
    while (at_byte < text_.size() && !is_blank(at(at_byte)) && !is_break(at(at_byte))) ++at_byte;
    at_byte = next_token(at_byte);
  }
  return at_byte;
}

std::size_t YamlText::line_of(std::size_t byte) const {
  return std::size_t(std::ranges::upper_bound(lines_, byte) - lines_.begin()) - 1;
}

std::size_t YamlText::line_begin(std::size_t line) const { return line < lines_.size() ? lines_[line] : text_.size(); }

std::string_view YamlText::line(std::size_t line) const {
  std::string_view one = text_.substr(line_begin(line), line_begin(line + 1) - line_begin(line));
  while (!one.empty() && is_break(one.back())) one.remove_suffix(1);
  return one;
}

std::size_t YamlText::next_token(std::size_t byte) const {
  for (; byte < text_.size(); ++byte) {
    if (at(byte) == '#' && (byte == 0 || is_blank(at(byte - 1)) || is_break(at(byte - 1)))) {
      while (byte < text_.size() && at(byte) != '\n') ++byte;
      continue;
    }
    if (!is_blank(at(byte)) && !is_break(at(byte))) break;
  }
  return std::min(byte, text_.size());
}

std::size_t YamlText::behind_quotes(std::size_t byte) const {
  const char quote = at(byte);
  for (++byte; byte < text_.size(); ++byte) {
    if (quote == '"' && at(byte) == '\\')
      ++byte;
    else if (at(byte) == quote && quote == '\'' && at(byte + 1) == quote)
      ++byte;
    else if (at(byte) == quote)
      return byte + 1;
  }
  return text_.size();
}

std::size_t YamlText::behind_plain(std::size_t byte, bool in_flow) const {
  std::size_t end = byte;
  for (; byte < text_.size() && !is_break(at(byte)); ++byte) {
    const char c = at(byte), next = at(byte + 1);
    if (c == '#' && is_blank(at(byte - 1))) break;
    if (c == ':' &&
        (is_blank(next) || is_break(next) || next == '\0' || (in_flow && (next == ',' || next == ']' || next == '}'))))
      break;
    if (in_flow && (c == ',' || c == '[' || c == ']' || c == '{' || c == '}')) break;
    if (!is_blank(c)) end = byte + 1;
  }
  return end;
}

std::size_t YamlText::behind(std::size_t byte, bool in_flow) const {
  const char c = at(byte);
  if (c == '"' || c == '\'') return behind_quotes(byte);
  if (c != '{' && c != '[') return behind_plain(byte, in_flow);
  int depth = 0;
  while (byte < text_.size()) {
    byte = next_token(byte);
    const char d = at(byte);
    if (d == '{' || d == '[') {
      ++depth, ++byte;
    } else if (d == '}' || d == ']') {
      ++byte;
      if (--depth == 0) return byte;
    } else if (d == ',' || d == ':' || d == '?') {
      ++byte;
    } else if (d == '"' || d == '\'') {
      byte = behind_quotes(byte);
    } else {
      byte = std::max(behind_plain(byte, true), byte + 1);
    }
  }
  return text_.size();
}
std::size_t line_behind_block(const YamlText& text, std::size_t first, std::size_t column, bool with_dashes) {
  std::size_t behind = first + 1;
  for (std::size_t line = first + 1; line < text.lines(); ++line) {
    const std::string_view one = text.line(line);
    if (is_blank_line(one)) continue;
    const std::size_t indent = indent_of(one);
    const bool dash = with_dashes && indent == column && one[indent] == '-' &&
                      (indent + 1 == one.size() || is_blank(one[indent + 1]));
    if (indent > column || dash) {
      behind = line + 1;
      continue;
    }
    if (is_comment_line(one)) continue;  // belongs to what comes, unless more of this block follows
    break;
  }
  return behind;
}

std::size_t last_line_of(const YamlText& text, const YamlNode& value) {
  const auto begin = text.begin_of(value);
  if (!begin) return 0;
  const char c = text.at(*begin);
  if (c == '{' || c == '[' || c == '"' || c == '\'') {
    // A key in quotes is no value in quotes.
    if (value.kind != YamlNode::Kind::mapping || c == '{') return text.line_of(text.behind(*begin, false) - 1);
  }
  const std::size_t line = text.line_of(*begin);
  if (!value.items.empty()) return std::max(line, last_line_of(text, value.items.back()));
  if (!value.entries.empty()) return std::max(line, last_line_of(text, value.entries.back().value));
  return line;
}

}  // namespace schoolgate::config
