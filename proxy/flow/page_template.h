// The small language of the pages' templates, and a template that was read once and renders in about a microsecond.
//
//   {{name}}              the value, always escaped for HTML text and quoted attributes
//   {{#name}}...{{/name}} only when the value is not empty
//   {{>file}}             another file of the same folder, put in when the template is read
//
// There is nothing else: no loops, no raw output, no expressions. A name that is not known, a section that is not
// closed and a value inside <style> are errors with a place. A PageTemplate is immutable; any thread may render it at
// any time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace schoolgate::flow {

/// A file that a template is made of: `shown` is its name in messages.
struct TemplateFile {
  std::string shown, text;
};

/// Finds a file by the name that {{>name}} or a page gives; null when there is none. The file outlives the reading.
using FindTemplateFile = std::function<const TemplateFile*(std::string_view name)>;

class PageTemplate {
 public:
  /// Reads the file `name`. `names` are the values that it may use, in the order in which render() gets them (at most
  /// 64). Error (config): FILE:LINE:COL, what is wrong there, and what is possible instead.
  [[nodiscard]] static Result<PageTemplate> read(std::string_view name, std::span<const std::string_view> names,
                                                 const FindTemplateFile& find);

  /// Bytes that append() would add. `values` are already escaped (append_html_escaped).
  [[nodiscard]] std::size_t size(std::span<const std::string_view> values) const noexcept;
  void append(std::string& out, std::span<const std::string_view> values) const;

  /// True when the value is shown somewhere (being tested by a section does not count).
  [[nodiscard]] bool shows(std::size_t name) const noexcept { return shown_ >> name & 1; }
  /// The contents of its <style> elements, whose hashes let a browser apply them.
  [[nodiscard]] std::vector<std::string_view> styles() const;

 private:
  friend class PageTemplateReader;

  struct Piece {
    enum class Kind : std::uint8_t { literal, value, section } kind;
    std::uint8_t name = 0;    // value, section
    std::uint32_t begin = 0;  // literal: its place in text_
    std::uint32_t end = 0;    // literal: its end in text_; section: the piece after its last one
  };

  template <class Emit>
  void walk(std::span<const std::string_view> values, Emit emit) const;

  std::string text_;  // all literals, one after the other
  std::vector<Piece> pieces_;
  std::uint64_t shown_ = 0;
};

/// Writes `text` into `room` so that HTML shows it and never obeys it: & < > " ' become references, control characters
/// U+FFFD. What does not fit ends in an ellipsis, never inside a character. Returns what was written.
[[nodiscard]] std::string_view html_escape(std::string_view text, std::span<char> room) noexcept;

}  // namespace schoolgate::flow
