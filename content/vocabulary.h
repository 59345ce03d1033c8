// The words that the phrases in force are made of: what a disguised word may stand for.
//
// Filled by one thread, then immutable: any thread may ask.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <unordered_set>

namespace schoolgate::content {

class Vocabulary {
 public:
  /// The words of a phrase in the form of word_stream.h, and all of them written together.
  void add(std::string_view words);
  [[nodiscard]] bool knows(std::string_view word) const noexcept { return words_.contains(word); }
  /// False: no word begins with the first three letters of `word`. Cheap, for what is mostly no word at all.
  [[nodiscard]] bool may_begin(std::string_view word) const noexcept {
    return word.size() >= 3 && beginnings_.test(place_of(word));
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view word) const noexcept { return std::hash<std::string_view>{}(word); }
  };
  [[nodiscard]] static std::size_t place_of(std::string_view word) noexcept {
    const auto five_bits = [&](std::size_t i) { return static_cast<std::size_t>(word[i]) & 31; };
    return five_bits(0) << 10 | five_bits(1) << 5 | five_bits(2);
  }
  void insert(std::string word);

  std::unordered_set<std::string, Hash, std::equal_to<>> words_;
  std::bitset<1 << 15> beginnings_;
};

}  // namespace schoolgate::content
