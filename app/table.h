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
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Every row on a line of its own, each after `indent`.
  [[nodiscard]] std::string text(std::string_view indent = {}) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// "1 list", "3 lists".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view one, std::string_view many);

}  // namespace schoolgate::app
