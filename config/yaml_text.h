// The text of a YAML file, looked at by the places that its parser gave: what yaml_edit.cc cuts and inserts by.
//
// Knows comments, quotes and brackets, and nothing of what they mean. Lines are counted from 0, bytes from the
// beginning of the file; the parser's places do not count a byte order mark, these bytes do. The text outlives this.
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml_tree.h"

namespace schoolgate::config {

class YamlText {
 public:
  explicit YamlText(std::string_view text);
  [[nodiscard]] std::string_view all() const { return text_; }
  [[nodiscard]] const std::string& eol() const { return eol_; }
  [[nodiscard]] char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  [[nodiscard]] std::size_t size() const { return text_.size(); }

  /// Where a value begins, behind its anchor and tag; nothing when the place is none of this text.
  [[nodiscard]] std::optional<std::size_t> begin_of(const YamlNode& node) const;
  [[nodiscard]] std::size_t line_of(std::size_t byte) const;
  [[nodiscard]] std::size_t lines() const { return lines_.size(); }
  [[nodiscard]] std::size_t line_begin(std::size_t line) const;
  /// Without its line end.
  [[nodiscard]] std::string_view line(std::size_t line) const;
  /// The first byte from `byte` on that is neither blank, line end nor in a comment.
  [[nodiscard]] std::size_t next_token(std::size_t byte) const;
  /// Behind a quoted scalar that begins at `byte`.
  [[nodiscard]] std::size_t behind_quotes(std::size_t byte) const;
  /// Behind a plain scalar on one line.
  [[nodiscard]] std::size_t behind_plain(std::size_t byte, bool in_flow) const;
  /// Behind any value written in brackets, in quotes or plainly on one line.
  [[nodiscard]] std::size_t behind(std::size_t byte, bool in_flow) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> lines_;
  std::string eol_ = "\n";
};

/// The line behind the block that begins on `first` at `column`: lines that are indented deeper belong to it, comments
/// among them too; `with_dashes` says that lines of a list that stands as deep as its key do too. Blank lines at its
/// end do not.
[[nodiscard]] std::size_t line_behind_block(const YamlText& text, std::size_t first, std::size_t column,
                                            bool with_dashes = false);
/// The line on which a value ends, as far as it is written in brackets or quotes; a later one than that of its
/// beginning otherwise only where its last part is.
[[nodiscard]] std::size_t last_line_of(const YamlText& text, const YamlNode& value);

[[nodiscard]] bool is_blank(char c) noexcept;
[[nodiscard]] bool is_break(char c) noexcept;
[[nodiscard]] bool is_blank_line(std::string_view line) noexcept;
/// Spaces before the first other character.
[[nodiscard]] std::size_t indent_of(std::string_view line) noexcept;

}  // namespace schoolgate::config
