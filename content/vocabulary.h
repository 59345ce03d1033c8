// The words that the phrases in force are made of: what a disguised word may stand for.
//
// Filled by one thread, then immutable: any thread may ask.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

namespace schoolgate::content {

class Vocabulary {
 public:
  /// The words of a phrase in the form of word_stream.h, and all of them written together.
  void add(std::string_view words);
  [[nodiscard]] bool knows(std::string_view word) const noexcept { return words_.contains(word); }
  [[nodiscard]] bool empty() const noexcept { return words_.empty(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view word) const noexcept { return std::hash<std::string_view>{}(word); }
  };
  std::unordered_set<std::string, Hash, std::equal_to<>> words_;
};

}  // namespace schoolgate::content
