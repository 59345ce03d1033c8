// Edits of a YAML file as text: what is not meant stays as it is, byte for byte: comments, order, anchors, quoting,
// line ends.
//
// Works on the places that the parser gives each value. An edit is done only when the text, read again, differs from
// what was read before by exactly what was meant; otherwise it is refused and says so, and the file is one to be edited
// by hand. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "config/yaml_tree.h"

namespace schoolgate::config {

/// What an edit writes; lists and mappings are written on one line, in brackets.
struct NewValue {
  /// A word is written as it is (a number, true, an action); text is quoted where YAML would read it otherwise.
  enum class Kind : std::uint8_t { word, text, list, mapping };
  Kind kind = Kind::text;
  std::string text = {};
  std::vector<NewValue> items = {};
  std::vector<std::pair<std::string, NewValue>> entries = {};

  [[nodiscard]] static NewValue of_word(std::string_view word) {
    return {.kind = Kind::word, .text = std::string(word)};
  }
  [[nodiscard]] static NewValue of_text(std::string_view text) {
    return {.kind = Kind::text, .text = std::string(text)};
  }
  [[nodiscard]] static NewValue of_texts(const std::vector<std::string>& texts);
};

/// From the root: a key of a mapping, or the index of an item of a list.
using YamlPath = std::vector<std::variant<std::string, std::size_t>>;

/// "groups.ks2.categories.games", "allow[3].until": for people.
[[nodiscard]] std::string to_text(const YamlPath& path);

/// Each gives the whole new text. Fault client: the path leads nowhere, a key on it stands twice, or the text is
/// written in a way that this cannot edit (`next` then says that it is to be edited by hand). Fault config: no YAML.
///
/// Replaces the scalar at `path`, or adds its last key where that is not there. Mappings before it that are not there
/// are added too.
[[nodiscard]] Result<std::string> set_value(std::string_view yaml, const YamlPath& path, const NewValue& value);
/// Adds an item at the end of the list at `path`. A list that is not there is made, where a mapping can hold it.
[[nodiscard]] Result<std::string> append_item(std::string_view yaml, const YamlPath& path, const NewValue& value);
/// Removes a key with its value, or an item. What is left empty stays, as [] or {}.
[[nodiscard]] Result<std::string> remove_value(std::string_view yaml, const YamlPath& path);

}  // namespace schoolgate::config
