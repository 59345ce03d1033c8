#include "web/template_text.h"

#include <optional>
#include <stdexcept>

#include "web/text.h"

namespace schoolgate::web {
namespace {

constexpr int kDeepestTemplate = 20;

struct Tag {
  char kind = 0;  ///< '#', '^', '/', '>', '<', '$', '!', '&', '{' or 0 for a variable
  std::string_view name;
  std::size_t begin = 0, end = 0;  ///< of the whole tag in its text
};

std::optional<Tag> next_tag(std::string_view text, std::size_t from) {
  Tag tag;
  tag.begin = text.find("{{", from);
  if (tag.begin == std::string_view::npos) return std::nullopt;
  const bool triple = text.substr(tag.begin).starts_with("{{{");
  const std::string_view close = triple ? "}}}" : "}}";
  const std::size_t inside = tag.begin + close.size();
  const std::size_t end = text.find(close, inside);
  if (end == std::string_view::npos) throw std::logic_error("a tag is not closed");
  tag.end = end + close.size();
  tag.name = trimmed(text.substr(inside, end - inside));
  if (triple) {
    tag.kind = '{';
  } else if (!tag.name.empty() && std::string_view("#^/><$!&=").contains(tag.name.front())) {
    tag.kind = tag.name.front();
    tag.name = trimmed(tag.name.substr(1));
  }
  return tag;
}

/// The tag that closes `open`, counting those of the same name in between.
Tag closing(std::string_view text, const Tag& open) {
  int depth = 1;
  for (auto tag = next_tag(text, open.end); tag; tag = next_tag(text, tag->end)) {
    if (tag->name != open.name) continue;
    if (std::string_view("#^<$").contains(tag->kind) && tag->kind != 0) ++depth;
    if (tag->kind == '/' && --depth == 0) return *tag;
  }
  throw std::logic_error("not closed: " + std::string(open.name));
}

using Blocks = std::map<std::string, std::string, std::less<>>;

class Assembly {
 public:
  explicit Assembly(const TemplateTexts& texts) : texts_(texts) {}

  /// The template with partials and layouts in place; the marks of its blocks are still there.
  std::string with_marks(std::string_view name, int depth) const {
    const auto found = texts_.find(name);
    if (found == texts_.end()) throw std::logic_error("there is no such template");
    if (depth > kDeepestTemplate) throw std::logic_error("it includes itself");
    return expand(found->second, depth);
  }

  /// Without the marks of blocks: what nobody filled keeps its default.
  static std::string without_marks(std::string_view text) {
    std::string out;
    std::size_t done = 0;
    for (auto tag = next_tag(text, 0); tag; tag = next_tag(text, tag->end)) {
      if (tag->kind != '$') continue;
      const Tag close = closing(text, *tag);
      out += text.substr(done, tag->begin - done);
      out += without_marks(text.substr(tag->end, close.begin - tag->end));
      done = tag->end = close.end;
    }
    out += text.substr(done);
    return out;
  }

 private:
  std::string expand(std::string_view text, int depth) const {
    std::string out;
    std::size_t done = 0;
    for (auto tag = next_tag(text, 0); tag; tag = next_tag(text, tag->end)) {
      if (tag->kind != '>' && tag->kind != '<') continue;
      out += text.substr(done, tag->begin - done);
      if (tag->kind == '>') {
        out += with_marks(tag->name, depth + 1);
      } else {
        const Tag close = closing(text, *tag);
        Blocks blocks;
        const std::string inside = expand(text.substr(tag->end, close.begin - tag->end), depth + 1);
        collect(inside, blocks);
        out += fill(with_marks(tag->name, depth + 1), blocks);
        tag->end = close.end;
      }
      done = tag->end;
    }
    out += text.substr(done);
    return out;
  }

  static void collect(std::string_view text, Blocks& blocks) {
    for (auto tag = next_tag(text, 0); tag; tag = next_tag(text, tag->end)) {
      if (tag->kind != '$') continue;
      const Tag close = closing(text, *tag);
      blocks[std::string(tag->name)] = text.substr(tag->end, close.begin - tag->end);
      tag->end = close.end;
    }
  }

  /// The marks stay around what was filled in, so that a layout made of this one can fill it again.
  static std::string fill(std::string_view layout, const Blocks& blocks) {
    std::string out;
    std::size_t done = 0;
    for (auto tag = next_tag(layout, 0); tag; tag = next_tag(layout, tag->end)) {
      if (tag->kind != '$') continue;
      const Tag close = closing(layout, *tag);
      out += layout.substr(done, tag->end - done);
      const auto given = blocks.find(tag->name);
      out += given != blocks.end() ? given->second : fill(layout.substr(tag->end, close.begin - tag->end), blocks);
      done = close.begin;
      tag->end = close.end;
    }
    out += layout.substr(done);
    return out;
  }

  const TemplateTexts& texts_;
};

void check_tags(std::string_view text) {
  for (auto tag = next_tag(text, 0); tag; tag = next_tag(text, tag->end)) {
    if ((tag->kind == '{' || tag->kind == '&') && !tag->name.ends_with("_html"))
      throw std::logic_error("{{{" + std::string(tag->name) + "}}} would not be escaped");
    if (tag->kind == '#' || tag->kind == '^') (void)closing(text, *tag);
    if (tag->kind == '=') throw std::logic_error("other delimiters are not used here");
  }
}

}  // namespace

std::string assemble_template(const TemplateTexts& texts, std::string_view name) {
  try {
    std::string text = Assembly::without_marks(Assembly(texts).with_marks(name, 0));
    check_tags(text);
    return text;
  } catch (const std::logic_error& problem) {
    throw std::logic_error("template " + std::string(name) + ": " + problem.what());
  }
}

}  // namespace schoolgate::web
