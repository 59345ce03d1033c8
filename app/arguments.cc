#include "app/arguments.h"

#include <algorithm>

#include "base/ascii.h"

namespace schoolgate::app {

Result<Arguments> Arguments::read(std::span<const std::string_view> words, const Accepted& accepted) {
  Arguments arguments;
  bool options_over = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (options_over || !word.starts_with("--")) {
      arguments.words_.emplace_back(word);
      continue;
    }
    if (word == "--") {
      options_over = true;
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    if (std::ranges::find(accepted.switches, name) != accepted.switches.end()) {
      if (equals != word.npos) return fail(Fault::client, std::string(name) + " takes no value");
      arguments.values_[std::string(name)] = "";
    } else if (std::ranges::find(accepted.options, name) != accepted.options.end()) {
      if (equals == word.npos && i + 1 == words.size())
        return fail(Fault::client, std::string(name) + " needs a value");
      arguments.values_[std::string(name)] = equals == word.npos ? words[++i] : word.substr(equals + 1);
    } else {
      return fail(Fault::client, "unknown option " + std::string(word));
    }
  }
  if (arguments.words_.size() < accepted.least_words) return fail(Fault::client, "something is missing");
  if (arguments.words_.size() > accepted.most_words)
    return fail(Fault::client, "unexpected '" + arguments.words_[accepted.most_words] + "'");
  return arguments;
}

std::string Arguments::get(std::string_view name, std::string_view otherwise) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? std::string(otherwise) : found->second;
}

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty())
    if (const std::string_view word = trimmed(cut_at(text, ',')); !word.empty()) words.emplace_back(word);
  return words;
}

}  // namespace schoolgate::app
