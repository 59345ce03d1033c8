#include "content/vocabulary.h"

#include <algorithm>

namespace schoolgate::content {

void Vocabulary::add(std::string_view words) {
  std::string together;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (end != 0) {
      insert(std::string(words.substr(0, end)));
      together += words.substr(0, end);
    }
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  if (!together.empty()) insert(std::move(together));
}

void Vocabulary::insert(std::string word) {
  if (word.size() >= 3 && std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; })) plant(word);
  words_.insert(std::move(word));
}

void Vocabulary::plant(std::string_view word) {
  const auto make = [&](Node node) {
    nodes_.push_back(node);
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  };
  std::uint32_t& tree = trees_[place_of(word)];
  if (tree == 0) tree = make({.letter = word[2]});
  std::uint32_t at = tree;
  for (const char letter : word.substr(3)) {
    std::uint32_t next = child_of(at, letter);
    if (next == 0) {
      next = make({.sibling = nodes_[at].child, .letter = letter});
      nodes_[at].child = next;
    }
    at = next;
  }
  nodes_[at].ends_word = true;
}

std::uint32_t Vocabulary::child_of(std::uint32_t node, char letter) const noexcept {
  std::uint32_t child = nodes_[node].child;
  while (child != 0 && nodes_[child].letter != letter) child = nodes_[child].sibling;
  return child;
}

std::size_t Vocabulary::longest_beginning(std::string_view letters) const noexcept {
  if (letters.size() < 3) return 0;
  if (!std::ranges::all_of(letters.substr(0, 3), [](char c) { return c >= 'a' && c <= 'z'; })) return 0;
  std::size_t longest = 0, length = 3;
  for (std::uint32_t at = trees_[place_of(letters)]; at != 0; at = child_of(at, letters[length++])) {
    if (nodes_[at].ends_word) longest = length;
    if (length == letters.size()) break;
  }
  return longest;
}

}  // namespace schoolgate::content
