// The words of a command line, after the command's own name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace schoolgate::app {

/// What a command accepts: options with a value ("--config DIR"), switches ("--json"), and how many plain words.
struct Accepted {
  std::vector<std::string_view> options;
  std::vector<std::string_view> switches;
  std::size_t least_words = 0, most_words = 0;
};

class Arguments {
 public:
  /// Reads "--name value", "--name=value", switches and words; "--" ends the options. Fault client: unknown option,
  /// missing value, too few or too many words.
  [[nodiscard]] static Result<Arguments> read(std::span<const std::string_view> words, const Accepted& accepted);

  [[nodiscard]] bool has(std::string_view name) const { return values_.contains(std::string(name)); }
  /// The option's value, or `otherwise`.
  [[nodiscard]] std::string get(std::string_view name, std::string_view otherwise = {}) const;
  [[nodiscard]] const std::vector<std::string>& words() const noexcept { return words_; }

 private:
  std::unordered_map<std::string, std::string> values_;
  std::vector<std::string> words_;
};

/// The words of an option that takes several, "a, b": blanks around a word are none of it, empty ones are left out.
[[nodiscard]] std::vector<std::string> comma_list(std::string_view text);

}  // namespace schoolgate::app
