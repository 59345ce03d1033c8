// Reads the small tables of rules/data: words on lines, '#' starts a comment.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace schoolgate::rules {

/// Calls row(words) for each line that has words; the views point into `text`.
template <class Row>
void for_each_row(std::string_view text, Row&& row) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line = line.substr(0, line.find('#'));
    words.clear();
    for (;;) {
      const std::size_t begin = line.find_first_not_of(" \t\r");
      if (begin == std::string_view::npos) break;
      line.remove_prefix(begin);
      const std::size_t length = std::min(line.find_first_of(" \t\r"), line.size());
      words.push_back(line.substr(0, length));
      line.remove_prefix(length);
    }
    if (!words.empty()) row(words);
  }
}

}  // namespace schoolgate::rules
