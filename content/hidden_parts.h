// Which part of a page its own tags hide: `hidden`, `display: none`, `visibility: hidden`, by the elements that are
// open.
//
// Browsers close elements in ways that no end tag shows. Wherever one of them could have closed the hidden element, it
// counts as closed. One per page, one thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace schoolgate::content {

class HiddenParts {
 public:
  [[nodiscard]] bool hides() const noexcept { return hidden_at_ != kNone; }
  /// A start tag; `hidden`: it says that it is.
  void open(std::string_view tag, bool hidden);
  void close(std::string_view tag) noexcept;

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};
  static constexpr std::size_t kDeepest = 512;  ///< a page that is deeper hides nothing
  void show_from(std::size_t depth) noexcept;

  std::vector<std::uint32_t> open_;  ///< digests of names, the outermost first
  std::size_t hidden_at_ = kNone;    ///< index of the outermost hidden one
  bool too_deep_ = false;
};

/// Elements that have no end tag.
[[nodiscard]] bool is_void_element(std::string_view tag) noexcept;
/// Elements inside a line: their tags do not end a word.
[[nodiscard]] bool is_inline_element(std::string_view tag) noexcept;

}  // namespace schoolgate::content
