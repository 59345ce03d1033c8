#include "content/foreign_parts.h"

#include <algorithm>
#include <array>
#include <functional>

#include "content/hidden_parts.h"

namespace schoolgate::content {
namespace {

/// Tags at which a browser leaves a drawing (WHATWG, the rules for foreign content).
constexpr auto kBreakouts = std::to_array<std::string_view>(
    {"b",     "big",   "blockquote", "body",   "br",   "center", "code",  "dd", "div",  "dl",   "dt",
     "em",    "embed", "h1",         "h2",     "h3",   "h4",     "h5",    "h6", "head", "hr",   "i",
     "img",   "li",    "listing",    "menu",   "meta", "nobr",   "ol",    "p",  "pre",  "ruby", "s",
     "small", "span",  "strike",     "strong", "sub",  "sup",    "table", "tt", "u",    "ul",   "var"});
/// Of a drawing or formula, and what is in them is HTML.
constexpr auto kHoldHtml =
    std::to_array<std::string_view>({"desc", "foreignobject", "mi", "mn", "mo", "ms", "mtext", "title"});
static_assert(std::ranges::is_sorted(kBreakouts) && std::ranges::is_sorted(kHoldHtml));

bool is_foreign_root(std::string_view tag) noexcept { return tag == "svg" || tag == "math"; }

}  // namespace

ForeignParts::Place ForeignParts::place() const noexcept {
  if (doubtful_) return Place::doubtful;
  return open_.empty() || open_.back().html ? Place::html : Place::foreign;
}

void ForeignParts::open(std::string_view tag, bool self_closed) {
  if (doubtful_) return;
  // Their attributes say which it is.
  if (place() == Place::foreign && (tag == "font" || tag == "annotation-xml")) doubtful_ = true;
  if (place() == Place::foreign && std::ranges::binary_search(kBreakouts, tag)) leave();
  const bool foreign = place() == Place::foreign;
  if (open_.empty() && !is_foreign_root(tag)) return;
  if (foreign || is_foreign_root(tag) ? self_closed : is_void_element(tag)) return;
  const bool html = foreign ? std::ranges::binary_search(kHoldHtml, tag) : !is_foreign_root(tag);
  open_.push_back({std::hash<std::string_view>{}(tag), html});
  if (open_.size() > kDeepest) doubtful_ = true;
}

void ForeignParts::close(std::string_view tag) {
  if (doubtful_ || open_.empty()) return;
  if (!open_.back().html && (tag == "p" || tag == "br")) return leave();
  const std::uint64_t digest = std::hash<std::string_view>{}(tag);
  // The innermost, or one around it with nothing but parts of the drawing between.
  for (std::size_t depth = open_.size(); depth-- > 0;) {
    if (open_[depth].digest == digest) return open_.resize(depth);
    if (open_[depth].html) break;
  }
  doubtful_ = true;
}

void ForeignParts::leave() {
  while (!open_.empty() && !open_.back().html) open_.pop_back();
}

}  // namespace schoolgate::content
