// Finds which of many short strings occur in a text, in one pass: Aho and Corasick (CACM 18, 1975), as a full table.
//
// ASCII letters match in either case. Immutable once built; scan() is safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace schoolgate::rules {

class AtomAutomaton {
 public:
  AtomAutomaton() = default;
  /// `atoms` in lower case, none empty; an atom's number is its place in this sequence.
  explicit AtomAutomaton(std::span<const std::string> atoms);

  /// Calls found(number) at each place where an atom ends; an atom that occurs twice is reported twice.
  template <class Found>
  void scan(std::string_view text, Found&& found) const {
    scan_places(text, [&](int number, std::size_t) { found(number); });
  }
  /// As scan(), with the offset of the byte after the atom: found(number, end).
  template <class Found>
  void scan_places(std::string_view text, Found&& found) const {
    if (next_.empty()) return;
    std::uint32_t state = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const std::uint32_t step = next_[state * classes_ + class_of_[static_cast<unsigned char>(text[at])]];
      state = step & ~kEndsHere;
      if (step & kEndsHere)
        for (std::uint32_t i = ends_begin_[state]; i < ends_begin_[state + 1]; ++i) found(ends_[i], at + 1);
    }
  }

 private:
  static constexpr std::uint32_t kEndsHere = 0x8000'0000;

  std::array<std::uint8_t, 256> class_of_{};  ///< bytes that no atom holds share class 0
  std::uint32_t classes_ = 1;
  std::vector<std::uint32_t> next_;        ///< state and class -> state, with kEndsHere when an atom ends there
  std::vector<std::uint32_t> ends_begin_;  ///< by state, into ends_; one more than there are states
  std::vector<int> ends_;
};

}  // namespace schoolgate::rules
