// Finds which of many literals occur in a text, in one pass: an Aho-Corasick automaton with a dense table over the byte
// classes that the literals use. Letters match without regard to case. Immutable once built, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace schoolgate::blocklists {

class LiteralFinder {
 public:
  /// Adds a literal (lower case) that stands for `owner`. Before build().
  void add(std::string literal, std::uint32_t owner) { literals_.emplace_back(std::move(literal), owner); }
  void build();

  /// Calls `found(owner)` for every occurrence; an owner may be named more than once.
  template <class Found>
  void find(std::string_view text, Found&& found) const noexcept {
    if (next_.empty()) return;
    std::uint32_t state = 0;
    for (const char c : text) {
      state = next_[state * classes_ + class_of_[static_cast<unsigned char>(c)]];
      for (std::uint32_t at = owners_at_[state] != owners_at_[state + 1] ? state : shorter_[state]; at != 0;
           at = shorter_[at])
        for (std::uint32_t i = owners_at_[at]; i < owners_at_[at + 1]; ++i) found(owners_[i]);
    }
  }

 private:
  std::vector<std::pair<std::string, std::uint32_t>> literals_;
  std::array<std::uint8_t, 256> class_of_{};  // 0: a byte of no literal
  std::uint32_t classes_ = 1;
  std::vector<std::uint32_t> next_;       // [state * classes_ + class]
  std::vector<std::uint32_t> shorter_;    // the longest proper suffix state with owners; 0: none
  std::vector<std::uint32_t> owners_at_;  // by state, one more than there are states
  std::vector<std::uint32_t> owners_;
};

}  // namespace schoolgate::blocklists
