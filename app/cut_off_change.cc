#include "app/cut_off_change.h"

#include <algorithm>

#include "base/file.h"
#include "changes/put_in_place.h"
#include "config/yaml_tree.h"

namespace schoolgate::app {

std::optional<std::filesystem::path> state_with_cut_off_change(const std::filesystem::path& config) {
  const auto text = read_file(config / "schoolgate.yaml");
  Problems ignored;  // whoever reads the configuration next says them
  const auto root = text ? config::parse_yaml(*text, "schoolgate.yaml", ignored) : std::nullopt;
  if (!root) return std::nullopt;
  const auto state = std::ranges::find_if(root->entries, [](const auto& entry) { return entry.key.text == "state"; });
  if (state == root->entries.end() || state->value.text.empty()) return std::nullopt;
  std::filesystem::path folder = (config / state->value.text).lexically_normal();
  if (!changes::is_cut_off(folder / "changes")) return std::nullopt;
  return folder;
}

}  // namespace schoolgate::app
