#include "config/yaml_mistakes.h"

#include <algorithm>
#include <vector>

#include "base/ascii.h"
#include "config/plain_text.h"
#include "config/yaml_text.h"

namespace schoolgate::config {
namespace {

constexpr std::string_view kBlanks = " \t\r";

struct Place {
  int line = 1, column = 1;
};

/// What a walk over the text finds: quotes and brackets that do not end as they should.
struct Found {
  std::optional<Place> torn_quote;           ///< a quote that is not closed on its line
  std::optional<Place> after_quote;          ///< text goes on after a closing quote
  char quote = 0;                            ///< of either
  std::vector<std::pair<char, Place>> open;  ///< brackets, when the walk ended
  std::optional<std::pair<char, Place>>
      mismatched;  ///< a bracket that another kind closes, or that a new item finds open
};

bool begins_value(char before) {
  return before == '\n' || kBlanks.contains(before) || std::string_view("[{,:").contains(before);
}
bool may_follow_quote(char c) { return c == '\n' || kBlanks.contains(c) || std::string_view(",]}:").contains(c); }

/// Goes over the text up to the end of line `last` as YAML reads it: comments and quotes hide what is in them.
class Walk {
 public:
  Walk(std::string_view text, int last) : text_(text), last_(last) {}

  Found go() {
    for (; at_ < text_.size() && here_.line <= last_; step()) {
      const char c = text_[at_];
      const char before = at_ == 0 ? '\n' : text_[at_ - 1];
      if (c == '#' && (before == '\n' || kBlanks.contains(before)))
        skip_comment();
      else if ((c == '"' || c == '\'') && begins_value(before))
        read_quoted(c);
      else if (c == '{' || c == '[')
        open_if_value(c, before);
      else if (c == '}' || c == ']')
        close(c);
      else if (c == '-' && !found_.open.empty() && is_item())
        found_.mismatched = found_.mismatched ? found_.mismatched : found_.open.back();
    }
    return std::move(found_);
  }

 private:
  void step() {
    if (text_[at_] == '\n')
      ++here_.line, here_.column = 1;
    else
      ++here_.column;
    ++at_;
  }
  void skip_comment() {
    while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') step();
  }
  void open_if_value(char c, char before) {
    if (begins_value(before) || !found_.open.empty()) found_.open.emplace_back(c, here_);
  }
  void close(char c) {
    if (found_.open.empty()) return;
    if (found_.open.back().first != (c == '}' ? '{' : '[') && !found_.mismatched)
      found_.mismatched = found_.open.back();
    found_.open.pop_back();
  }
  // "- " as the first thing of a line: an item of a block list, which cannot stand inside brackets.
  [[nodiscard]] bool is_item() const {
    const std::size_t begin = text_.rfind('\n', at_) + 1;  // npos + 1 is the beginning
    const bool first = text_.substr(begin, at_ - begin).find_first_not_of(' ') == std::string_view::npos;
    return first && at_ + 1 < text_.size() && text_[at_ + 1] == ' ';
  }
  // Stands on the closing quote afterwards, or on the end of the text.
  void read_quoted(char quote) {
    const Place begin = here_;
    for (step(); at_ < text_.size(); step()) {
      const char c = text_[at_];
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\n';
      if (c == '\n' && !found_.torn_quote)
        found_.torn_quote = begin, found_.quote = found_.quote ? found_.quote : quote;
      const bool escapes = (quote == '"' && c == '\\') || (quote == '\'' && c == '\'' && next == '\'');
      if (escapes && next != '\n') {
        step();
        continue;
      }
      if (c != quote) continue;
      if (!may_follow_quote(next) && !found_.after_quote && !found_.torn_quote)
        found_.after_quote = Place{here_.line, here_.column + 1}, found_.quote = quote;
      return;
    }
    if (at_ >= text_.size() && !found_.torn_quote) found_.torn_quote = begin, found_.quote = quote;
    if (at_ >= text_.size() && at_ != 0) --at_;  // the loop steps once more
  }

  std::string_view text_;
  const int last_;
  std::size_t at_ = 0;
  Place here_;
  Found found_;
};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool is_key(std::string_view word) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-'; };
  return !word.empty() && word.front() != '-' && std::ranges::all_of(word, fits);
}

std::string in_either_quotes(std::string_view text) {
  return (text.contains('"') || text.contains('\\')) ? "'" + std::string(text) + "'" : '"' + std::string(text) + '"';
}

std::string_view without_comment(std::string_view line) {
  const std::size_t comment = line.find(" #");
  return comment == std::string_view::npos ? line : line.substr(0, comment);
}

// `why: asked by X: urgent`, alone on its line or between commas and brackets.
std::optional<YamlMistake> colon_in_text(std::string_view whole, int number) {
  const std::string_view line = without_comment(whole);
  for (std::size_t begin = 0; begin < line.size();) {
    const std::size_t end = std::min(line.find_first_of("{},[]", begin), line.size());
    std::string_view piece = line.substr(begin, end - begin);
    const std::size_t dash = piece.find_first_not_of(' ');
    if (begin == 0 && dash != std::string_view::npos && piece.substr(dash).starts_with("- "))
      piece.remove_prefix(dash + 2);
    const std::size_t colon = piece.find(": ");
    if (colon != std::string_view::npos && is_key(trimmed(piece.substr(0, colon), kBlanks))) {
      const std::string_view value = trimmed(piece.substr(colon + 2), kBlanks);
      const bool quoted = value.starts_with('"') || value.starts_with('\'');
      if (!quoted && (value.contains(": ") || value.ends_with(':')))
        return YamlMistake{
            number, int(value.data() - whole.data()) + 1, "this text has a colon in it, so it needs quotes",
            "write " + std::string(trimmed(piece.substr(0, colon), kBlanks)) + ": " + in_either_quotes(value)};
    }
    begin = end + 1;
  }
  return std::nullopt;
}

// `-{ …`, `site:a.example`.
std::optional<YamlMistake> missing_blank(std::string_view whole, int number) {
  std::string_view line = trimmed(without_comment(whole), kBlanks);
  const int column = int(whole.find_first_not_of(kBlanks)) + 1;
  if (line.size() > 1 && line[0] == '-' && line[1] != ' ' && line[1] != '-')
    return YamlMistake{number, column, "a dash that begins an item needs a blank after it",
                       "write - " + printable(line.substr(1), 60)};
  if (line.starts_with("- ")) line = trimmed(line.substr(2), kBlanks);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon + 1 == line.size() || line[colon + 1] == ' ') return std::nullopt;
  if (!is_key(line.substr(0, colon)) || line.substr(colon).starts_with("://")) return std::nullopt;
  return YamlMistake{number, int(line.data() - whole.data() + std::ptrdiff_t(colon)) + 1,
                     "a colon after a key needs a blank after it",
                     "write " + std::string(line.substr(0, colon)) + ": " + printable(line.substr(colon + 1), 60)};
}

// A value that begins with a character that YAML keeps for itself.
std::optional<YamlMistake> needs_quotes(std::string_view line, int number, int column) {
  const std::size_t at = std::min(std::size_t(column - 1), line.size());
  std::size_t begin = line.find_first_of("*&@`%!|>", at == 0 ? 0 : at - 1);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t end = std::min(line.find_first_of(",}] ", begin), line.size());
  const std::string_view value = line.substr(begin, end - begin);
  std::string hint = "write " + in_either_quotes(value);
  if (value.starts_with("*.")) hint = "write " + std::string(value.substr(2)) + ": a site covers everything under it";
  return YamlMistake{number, int(begin) + 1, "a value that begins with " + std::string(1, value[0]) + " needs quotes",
                     std::move(hint)};
}

// Columns in which a line could have begun here: those of the blocks that are open.
std::optional<YamlMistake> wrong_indent(const std::vector<std::string_view>& lines, int number, int column) {
  const auto is_content = [](std::string_view line) {
    return !trimmed(line, kBlanks).empty() && !trimmed(line, kBlanks).starts_with('#');
  };
  const std::string_view line = lines[std::size_t(number - 1)];
  if (!is_content(line) || int(indent_of(line)) + 1 != column) return std::nullopt;
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i + 1 < std::size_t(number); ++i) {
    if (!is_content(lines[i])) continue;
    const std::size_t indent = indent_of(lines[i]);
    while (!open.empty() && open.back() >= indent) open.pop_back();
    open.push_back(indent);
    const std::string_view item = lines[i].substr(indent);
    if (item.starts_with("- ") && without_comment(item).find(": ") != std::string_view::npos && !item.contains('{'))
      open.push_back(indent + item.find_first_not_of(' ', 1));  // the keys of the item stand there
  }
  const std::size_t indent = indent_of(line);
  if (open.empty() || std::ranges::find(open, indent) != open.end()) return std::nullopt;
  std::string columns;
  for (const std::size_t one : open) columns += (columns.empty() ? "" : " or ") + std::to_string(one + 1);
  return YamlMistake{number, column, "this line is indented otherwise than the lines that it belongs to",
                     "lines of one list or mapping begin in one column, here " + columns};
}

YamlMistake unclosed(const std::pair<char, Place>& bracket) {
  return {bracket.second.line, bracket.second.column,
          "the bracket " + std::string(1, bracket.first) + " that begins here is not closed",
          std::string("close it with ") + (bracket.first == '{' ? '}' : ']') + " before the next item"};
}

}  // namespace

std::optional<YamlMistake> find_yaml_mistake(std::string_view text, int line, int column, std::string_view said) {
  const std::vector<std::string_view> lines = lines_of(text);
  if (line < 1 || lines.empty()) return std::nullopt;
  const int last = std::min(line, int(lines.size()));
  const std::string_view here = lines[std::size_t(last - 1)];
  if (said.contains("anchor is not defined") || said.contains("unknown token")) return needs_quotes(here, last, column);
  if (said.contains("unknown escape character"))
    return YamlMistake{line, column, "a backslash in double quotes begins an escape, and this one means nothing",
                       "write patterns in single quotes"};
  const Found found = Walk(text, last).go();
  if (found.after_quote)
    return YamlMistake{found.after_quote->line, found.after_quote->column, "text goes on after its closing quote",
                       found.quote == '\'' ? "in single quotes an apostrophe is written twice: ''"
                                           : "in double quotes a quote is written \\\""};
  if (found.torn_quote)
    return YamlMistake{found.torn_quote->line, found.torn_quote->column, "the quote that begins here is not closed",
                       std::string("end the text with ") + found.quote + " on the same line"};
  for (int number = last; number >= std::max(1, last - 1); --number) {
    const std::string_view looked_at = lines[std::size_t(number - 1)];
    if (auto mistake = missing_blank(looked_at, number)) return mistake;
    if (auto mistake = colon_in_text(looked_at, number)) return mistake;
  }
  if (found.mismatched) return unclosed(*found.mismatched);
  if (!found.open.empty() && said.contains("flow")) return unclosed(found.open.back());
  return last == line ? wrong_indent(lines, line, column) : std::nullopt;
}

}  // namespace schoolgate::config
