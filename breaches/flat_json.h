// Reading back the lines that this room wrote: one JSON object, nested names joined by dots.
//
// Not a reader for other people's JSON: at most 64 KiB and four levels deep, arrays are skipped. What does not parse
// is nullopt, never a guess. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schoolgate::breaches {

class FlatJson {
 public:
  [[nodiscard]] static std::optional<FlatJson> parse(std::string_view object);

  /// Unescaped text of a string, or the bare text of a number or word; empty when absent or null.
  [[nodiscard]] std::string_view text(std::string_view name) const noexcept;
  [[nodiscard]] std::int64_t integer(std::string_view name) const noexcept;  ///< 0 when absent or no number
  [[nodiscard]] double number(std::string_view name) const noexcept;
  [[nodiscard]] bool is_true(std::string_view name) const noexcept { return text(name) == "true"; }
  [[nodiscard]] bool has(std::string_view name) const noexcept { return find(name) != nullptr; }

 private:
  struct Field {
    std::string name, value;
  };
  [[nodiscard]] const Field* find(std::string_view name) const noexcept;
  friend class FlatJsonReader;
  std::vector<Field> fields_;
};

}  // namespace schoolgate::breaches
