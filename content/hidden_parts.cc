#include "content/hidden_parts.h"

#include <algorithm>
#include <array>

namespace schoolgate::content {
namespace {

constexpr std::uint32_t digest_of(std::string_view tag) noexcept {
  std::uint32_t digest = 2166136261u;
  for (const char c : tag) digest = (digest ^ static_cast<unsigned char>(c)) * 16777619u;
  return digest;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& sorted, std::string_view tag) noexcept {
  return std::ranges::binary_search(sorted, tag);
}

constexpr auto kVoid =
    std::to_array<std::string_view>({"area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input",
                                     "keygen", "link", "meta", "param", "source", "track", "wbr"});
constexpr auto kInline = std::to_array<std::string_view>(
    {"a",     "abbr", "acronym", "b",      "bdi", "bdo",   "big",  "blink", "cite", "code", "data", "del", "dfn",
     "em",    "font", "i",       "ins",    "kbd", "label", "mark", "nobr",  "q",    "rb",   "ruby", "s",   "samp",
     "small", "span", "strike",  "strong", "sub", "sup",   "time", "tspan", "tt",   "u",    "var",  "wbr"});
/// Closed by the tag of another element, without an end tag of their own.
constexpr auto kClosesItself = std::to_array<std::string_view>(
    {"a",  "button", "caption", "colgroup", "dd",   "dt",       "h1",     "h2",    "h3",
     "h4", "h5",     "h6",      "li",       "nobr", "optgroup", "option", "p",     "rb",
     "rp", "rt",     "rtc",     "tbody",    "td",   "tfoot",    "th",     "thead", "tr"});
constexpr auto kOfTable =
    std::to_array<std::string_view>({"caption", "col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"});
static_assert(std::ranges::is_sorted(kVoid) && std::ranges::is_sorted(kInline) &&
              std::ranges::is_sorted(kClosesItself) && std::ranges::is_sorted(kOfTable));

bool closes_itself(std::uint32_t digest) noexcept {
  return std::ranges::find(kClosesItself, digest, digest_of) != kClosesItself.end();
}

}  // namespace

bool is_void_element(std::string_view tag) noexcept { return is_one_of(kVoid, tag); }
bool is_inline_element(std::string_view tag) noexcept { return is_one_of(kInline, tag); }

void HiddenParts::open(std::string_view tag, bool hidden) {
  if (too_deep_ || is_void_element(tag)) return;
  const std::uint32_t digest = digest_of(tag);
  if (hides()) {
    const std::uint32_t first = open_[hidden_at_];
    if (closes_itself(first) && (digest == first || !is_inline_element(tag))) show_from(hidden_at_);
  }
  if (hides() && is_one_of(kOfTable, tag)) {
    const auto inside = open_.begin() + static_cast<std::ptrdiff_t>(hidden_at_);
    if (std::find(inside, open_.end(), digest_of("table")) == open_.end()) show_from(hidden_at_);
  }
  if (open_.size() == kDeepest) {
    too_deep_ = true;
    return show_from(0);
  }
  open_.push_back(digest);
  if (hidden && !hides()) hidden_at_ = open_.size() - 1;
}

void HiddenParts::close(std::string_view tag) noexcept {
  const auto found = std::ranges::find(open_.rbegin(), open_.rend(), digest_of(tag));
  if (found == open_.rend()) return;
  show_from(static_cast<std::size_t>(open_.rend() - found) - 1);
}

void HiddenParts::show_from(std::size_t depth) noexcept {
  open_.resize(std::min(depth, open_.size()));
  if (hidden_at_ != kNone && hidden_at_ >= open_.size()) hidden_at_ = kNone;
}

}  // namespace schoolgate::content
