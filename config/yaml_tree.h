// A YAML file as a small immutable tree in which every node knows its place. The only door to yaml-cpp.
//
// Read with bounds, since a configuration may come from a broken tool or an unfriendly hand: at most kMaxFileBytes,
// kMaxLineBytes a line, kMaxDepth levels and kMaxNodes nodes with every alias counted as often as it is used. Scalars
// stay text and remember whether they were quoted, so `no`, `12:15` and `1e3` mean what the reader of the file sees;
// the caller says what type it wants (config/yaml_reader.h).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.h"

namespace schoolgate::config {

inline constexpr std::size_t kMaxFileBytes = 4u << 20;
inline constexpr std::size_t kMaxLineBytes = 16u << 10;
inline constexpr std::size_t kMaxDepth = 32;
inline constexpr std::size_t kMaxNodes = 200'000;

struct YamlEntry;

struct YamlNode {
  enum class Kind { null, scalar, list, mapping };
  Kind kind = Kind::null;
  int line = 0, column = 0;        ///< from 1; 0 for a file without content
  bool quoted = false;             ///< a scalar in quotes or block style: never a number, boolean or null
  std::string text;                ///< scalars only
  std::vector<YamlNode> items;     ///< lists only
  std::vector<YamlEntry> entries;  ///< mappings only; keys may repeat
};

struct YamlEntry {
  YamlNode key, value;
};

/// Parses one file. Nothing is returned when it is not YAML or breaks a bound; `problems` then says where and why.
/// `file` is how positions name it.
[[nodiscard]] std::optional<YamlNode> parse_yaml(std::string_view text, const std::string& file, Problems& problems);

}  // namespace schoolgate::config
