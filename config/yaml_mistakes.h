// What people do wrong in YAML, in words about their file instead of the parser's about its grammar.
//
// Pure: looks at the text again once the parser has given up, finds the usual mistakes by how the lines look, and names
// the place of the mistake, which is often lines before the place where the parser stumbled.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace schoolgate::config {

struct YamlMistake {
  int line = 0, column = 0;
  std::string message, hint;
};

/// `line` and `column`: where the parser gave up, from 1; `said`: its own words. Nothing where the mistake is none of
/// the known ones.
[[nodiscard]] std::optional<YamlMistake> find_yaml_mistake(std::string_view text, int line, int column,
                                                           std::string_view said);

}  // namespace schoolgate::config
