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
  if (word.size() >= 3) beginnings_.set(place_of(word));
  words_.insert(std::move(word));
}

}  // namespace schoolgate::content
