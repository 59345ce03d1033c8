// Which suffixes of a host name may be in a set of names: one pass over the name, no memory beyond a few bits a name.
//
// Most names are in no set, and this says so without touching the set. Filled once, then immutable; any thread may ask.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

namespace schoolgate::rules {

class SuffixFilter {
 public:
  SuffixFilter() = default;
  /// `names`: a range of anything that reads as std::string_view.
  template <class Names>
  explicit SuffixFilter(const Names& names) {
    std::size_t count = 0;
    for (const auto& name : names) count += std::string_view(name).size() != 0;
    if (count == 0) return;
    const std::size_t bits = std::bit_ceil(count * kBitsPerName);
    words_.resize((bits + 63) / 64);
    shift_ = 64 - std::countr_zero(words_.size() * 64);
    for (const auto& name : names) {
      std::uint64_t state = kStart;
      const std::string_view text(name);
      for (std::size_t i = text.size(); i-- > 0;) state = step(state, text[i]);
      words_[place(state) / 64] |= std::uint64_t{1} << (place(state) % 64);
    }
  }

  /// Calls candidate(suffix) for the name itself and each parent of it that may be in the set, farthest parent first.
  template <class Candidate>
  void for_each_candidate(std::string_view name, Candidate&& candidate) const noexcept {
    if (words_.empty()) return;
    std::uint64_t state = kStart;
    for (std::size_t i = name.size(); i-- > 0;) {
      if (name[i] == '.' && maybe(state)) candidate(name.substr(i + 1));
      state = step(state, name[i]);
    }
    if (maybe(state)) candidate(name);
  }

 private:
  static constexpr std::size_t kBitsPerName = 32;
  static constexpr std::uint64_t kStart = 0xcbf2'9ce4'8422'2325;  // FNV-1a, from the last byte to the first

  static std::uint64_t step(std::uint64_t state, char c) noexcept {
    return (state ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
  }
  [[nodiscard]] std::size_t place(std::uint64_t state) const noexcept {
    return static_cast<std::size_t>(state * 0x9e37'79b9'7f4a'7c15 >> shift_);
  }
  [[nodiscard]] bool maybe(std::uint64_t state) const noexcept {
    const std::size_t at = place(state);
    return (words_[at / 64] >> (at % 64) & 1) != 0;
  }

  std::vector<std::uint64_t> words_;
  int shift_ = 63;
};

}  // namespace schoolgate::rules
