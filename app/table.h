// Words in columns, for people at a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace schoolgate::app {

/// Columns are as wide as their widest cell (counted in code points), two blanks apart; the last one runs free.
class Table {
 public:
  /// Control characters of a cell become blanks.
  void row(std::vector<std::string> cells);
  /// Every row on a line of its own, each after `indent`.
  [[nodiscard]] std::string text(std::string_view indent = {}) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// `text` of another's for a terminal: control characters but line feeds, which could write over other lines, as
/// blanks.
[[nodiscard]] std::string for_terminal(std::string text);

/// "1 list", "3 lists".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view one, std::string_view many);

}  // namespace schoolgate::app
