// The words that the phrases in force are made of: what a disguised word may stand for.
//
// Filled by one thread, then immutable: any thread may ask.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace schoolgate::content {

class Vocabulary {
 public:
  /// The words of a phrase in the form of word_stream.h, and all of them written together.
  void add(std::string_view words);
  [[nodiscard]] bool knows(std::string_view word) const noexcept { return words_.contains(word); }
  /// The length of the longest word of a to z, three letters and more, that `letters` begin with; 0: none. Its cost
  /// grows with the letters that agree with some word, and with no more.
  [[nodiscard]] std::size_t longest_beginning(std::string_view letters) const noexcept;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view word) const noexcept { return std::hash<std::string_view>{}(word); }
  };
  /// One letter of a word; its first is in trees_.
  struct Node {
    std::uint32_t child = 0, sibling = 0;  ///< 0: none
    char letter = 0;
    bool ends_word = false;
  };
  [[nodiscard]] static std::size_t place_of(std::string_view word) noexcept {
    const auto five_bits = [&](std::size_t i) { return static_cast<std::size_t>(word[i]) & 31; };
    return five_bits(0) << 10 | five_bits(1) << 5 | five_bits(2);
  }
  [[nodiscard]] std::uint32_t child_of(std::uint32_t node, char letter) const noexcept;
  void insert(std::string word);
  void plant(std::string_view word);

  std::unordered_set<std::string, Hash, std::equal_to<>> words_;
  std::vector<std::uint32_t> trees_ = std::vector<std::uint32_t>(1 << 15);  ///< node by the first three letters
  std::vector<Node> nodes_ = std::vector<Node>(1);                          ///< the first is none
};

}  // namespace schoolgate::content
