#include "config/plain_text.h"

#include "base/json.h"
#include "config/yaml_tree.h"

namespace schoolgate::config {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text` (RFC 3629 section 4), or 0.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(1) >= 0xA0;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && byte(1) < 0x90;
    const bool beyond = lead == 0xF4 && byte(1) >= 0x90;
    return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::optional<TextFault> find_text_fault(std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    return TextFault{1, 1, "the file is UTF-16", "save it as UTF-8"};
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);

  int line = 1;
  std::size_t line_begin = 0;
  bool indenting = true;
  std::size_t indent_tab = std::string_view::npos;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const int column = int(i - line_begin) + 1;
    if (byte == '\n') {
      ++line;
      line_begin = ++i;
      indenting = true;
      indent_tab = std::string_view::npos;
      continue;
    }
    if (i - line_begin >= kMaxLineBytes)
      return TextFault{line, column, "a line longer than " + std::to_string(kMaxLineBytes) + " bytes", {}};
    if (byte == '\t') {
      if (indenting && indent_tab == std::string_view::npos) indent_tab = i;
    } else if (byte != ' ' && byte != '\r') {
      if (indenting && indent_tab != std::string_view::npos && byte != '#')
        return TextFault{line, int(indent_tab - line_begin) + 1, "a tab indents this line", "YAML wants spaces"};
      indenting = false;
    }
    if (byte == 0) return TextFault{line, column, "a NUL byte", "this is not a text file"};
    if ((byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7F) {
      return TextFault{line, column, "a control character", "remove it"};
    }
    const std::size_t length = sequence_length(text.substr(i));
    if (length == 0) return TextFault{line, column, "not valid UTF-8", "save the file as UTF-8"};
    i += length;
  }
  return std::nullopt;
}

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  if (text.size() <= most) {
    append_json_escaped(out, text);
    return out;
  }
  std::size_t cut = most;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  append_json_escaped(out, text.substr(0, cut));
  return out + "…";
}

std::string quote(std::string_view text) { return "'" + printable(text) + "'"; }

}  // namespace schoolgate::config
