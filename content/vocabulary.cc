#include "content/vocabulary.h"

#include <algorithm>

namespace schoolgate::content {

void Vocabulary::add(std::string_view words) {
  std::string together;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (end != 0) {
      words_.emplace(words.substr(0, end));
      together += words.substr(0, end);
    }
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  if (!together.empty()) words_.insert(std::move(together));
}

}  // namespace schoolgate::content
