#include "proxy/flow/page_template.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/ascii.h"
#include "base/problem.h"

namespace schoolgate::flow {
namespace {

constexpr std::size_t kDeepestInclude = 8;
constexpr std::size_t kLargestTemplate = 256 * 1024;
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::string_view reference_for(unsigned char c) noexcept {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\t':
    case '\n': return " ";
    default: return c < 0x20 || c == 0x7F ? kReplacement : std::string_view{};
  }
}

constexpr auto kPlainBytes = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 256; ++c) table[c] = true;
  for (const char c : {'&', '<', '>', '"', '\'', '\x7F'}) table[static_cast<unsigned char>(c)] = false;
  return table;
}();

}  // namespace

std::string_view html_escape(std::string_view text, std::span<char> room) noexcept {
  std::size_t size = 0;
  std::size_t whole = 0;  // the end of the last character after which an ellipsis still fits
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const std::string_view piece = kPlainBytes[byte] ? std::string_view(&c, 1) : reference_for(byte);
    const bool continues = (byte & 0xC0) == 0x80;
    if (!continues && size + kEllipsis.size() <= room.size()) whole = size;
    if (size + piece.size() > room.size()) {
      if (whole + kEllipsis.size() > room.size()) return {};
      std::memcpy(room.data() + whole, kEllipsis.data(), kEllipsis.size());
      return {room.data(), whole + kEllipsis.size()};
    }
    std::memcpy(room.data() + size, piece.data(), piece.size());
    size += piece.size();
  }
  return {room.data(), size};
}

/// Reads one page's files into pieces.
class PageTemplateReader {
 public:
  PageTemplateReader(std::span<const std::string_view> names, const FindTemplateFile& find)
      : names_(names), find_(find) {}

  Result<void> read(const TemplateFile& file, std::size_t depth) {
    const std::string_view text = file.text;
    const std::size_t sections_before = open_.size();
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t begin = text.find("{{", at);
      if (auto added = add_literal(file, at, std::min(begin, text.size())); !added) return added;
      if (begin == std::string_view::npos) break;
      const std::size_t end = text.find("}}", begin);
      if (end == std::string_view::npos) return error(file, begin, "{{ is not followed by }}");
      if (auto tag = read_tag(file, begin, trimmed(text.substr(begin + 2, end - begin - 2)), depth, sections_before);
          !tag)
        return tag;
      at = end + 2;
    }
    if (open_.size() > sections_before) {
      const Open& open = open_.back();
      return error(file, open.at, "{{#" + std::string(names_[open.name]) + "}} is never closed");
    }
    return {};
  }

  PageTemplate take() { return std::move(page_); }

 private:
  using Piece = PageTemplate::Piece;
  struct Open {
    std::size_t piece, name, at;
  };

  static std::unexpected<Error> error(const TemplateFile& file, std::size_t at, std::string what,
                                      std::string next = {}) {
    const std::string_view before = std::string_view(file.text).substr(0, at);
    const int line = 1 + int(std::ranges::count(before, '\n'));
    const std::size_t newline = before.rfind('\n');
    const int column = int(at - (newline == std::string_view::npos ? 0 : newline + 1)) + 1;
    return fail(Fault::config, SourcePosition{file.shown, line, column}.text() + ": " + std::move(what),
                std::move(next));
  }

  Result<void> add_literal(const TemplateFile& file, std::size_t begin, std::size_t end) {
    const std::string_view text = std::string_view(file.text).substr(begin, end - begin);
    if (const std::size_t script = text.find("<script"); script != std::string_view::npos)
      return error(file, begin + script, "these pages run no script", "say it in HTML");
    if (page_.text_.size() + text.size() > kLargestTemplate) return error(file, begin, "the page is too large");
    const std::size_t opens = text.rfind("<style");
    const std::size_t closes = text.rfind("</style");
    if (opens != closes)
      in_style_ = closes == std::string_view::npos || (opens != std::string_view::npos && opens > closes);
    if (text.empty()) return {};
    const auto from = std::uint32_t(page_.text_.size());
    page_.text_ += text;
    page_.pieces_.push_back({Piece::Kind::literal, 0, from, std::uint32_t(page_.text_.size())});
    return {};
  }

  Result<void> read_tag(const TemplateFile& file, std::size_t at, std::string_view tag, std::size_t depth,
                        std::size_t sections_before) {
    const char sign = tag.empty() ? '\0' : tag.front();
    if (sign == '>') return include(file, at, trimmed(tag.substr(1)), depth);
    if (in_style_) return error(file, at, "no value may stand inside <style>", "write the style out");
    const bool marked = sign == '#' || sign == '/';
    const std::string_view word = marked ? trimmed(tag.substr(1)) : tag;
    const auto found = std::ranges::find(names_, word);
    if (found == names_.end())
      return error(file, at, "{{" + std::string(tag) + "}} is not known here", "the names are " + all_names());
    const auto name = std::size_t(found - names_.begin());
    if (sign == '#') {
      open_.push_back({page_.pieces_.size(), name, at});
      page_.pieces_.push_back({Piece::Kind::section, std::uint8_t(name)});
    } else if (sign == '/') {
      if (open_.size() == sections_before || open_.back().name != name)
        return error(file, at, "{{/" + std::string(word) + "}} closes nothing that is open here");
      page_.pieces_[open_.back().piece].end = std::uint32_t(page_.pieces_.size());
      open_.pop_back();
    } else {
      page_.pieces_.push_back({Piece::Kind::value, std::uint8_t(name)});
      page_.shown_ |= std::uint64_t(1) << name;
    }
    return {};
  }

  Result<void> include(const TemplateFile& file, std::size_t at, std::string_view name, std::size_t depth) {
    if (depth == kDeepestInclude) return error(file, at, "files include each other without end");
    const TemplateFile* other = find_(name);
    if (!other) return error(file, at, "there is no file '" + std::string(name) + "'");
    return read(*other, depth + 1);
  }

  [[nodiscard]] std::string all_names() const {
    std::string out;
    for (const std::string_view name : names_) (out += out.empty() ? "" : ", ") += name;
    return out;
  }

  std::span<const std::string_view> names_;
  const FindTemplateFile& find_;
  PageTemplate page_;
  std::vector<Open> open_;
  bool in_style_ = false;
};

Result<PageTemplate> PageTemplate::read(std::string_view name, std::span<const std::string_view> names,
                                        const FindTemplateFile& find) {
  const TemplateFile* file = find(name);
  if (!file) return fail(Fault::self, "there is no template '" + std::string(name) + "'");
  PageTemplateReader reader(names, find);
  if (auto read = reader.read(*file, 0); !read) return std::unexpected(std::move(read.error()));
  return reader.take();
}

template <class Emit>
void PageTemplate::walk(std::span<const std::string_view> values, Emit emit) const {
  for (std::size_t i = 0; i < pieces_.size();) {
    const Piece& piece = pieces_[i++];
    switch (piece.kind) {
      case Piece::Kind::literal: emit(std::string_view(text_).substr(piece.begin, piece.end - piece.begin)); break;
      case Piece::Kind::value: emit(values[piece.name]); break;
      case Piece::Kind::section:
        if (values[piece.name].empty()) i = piece.end;
        break;
    }
  }
}

std::size_t PageTemplate::size(std::span<const std::string_view> values) const noexcept {
  std::size_t total = 0;
  walk(values, [&](std::string_view text) { total += text.size(); });
  return total;
}

void PageTemplate::append(std::string& out, std::span<const std::string_view> values) const {
  walk(values, [&](std::string_view text) { out += text; });
}

std::vector<std::string_view> PageTemplate::styles() const {
  // No value stands inside <style>, so its text is one run of literals.
  std::vector<std::string_view> out;
  const std::string_view text = text_;
  for (std::size_t at = 0; (at = text.find("<style", at)) != std::string_view::npos;) {
    const std::size_t begin = text.find('>', at);
    const std::size_t end = text.find("</style", at);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) break;
    out.push_back(text.substr(begin + 1, end - begin - 1));
    at = end;
  }
  return out;
}

}  // namespace schoolgate::flow
