// Three texts into one, line by line, as git merges files.
#pragma once

#include <optional>
#include <string>

namespace schoolgate::changes {

enum class BothAdded { is_a_conflict, keep_both };

/// What `ours` and `theirs` made of `base`, together. Nothing: they changed the same lines. Pure; any thread.
[[nodiscard]] std::optional<std::string> merge_texts(const std::string& base, const std::string& ours,
                                                     const std::string& theirs, BothAdded both);

}  // namespace schoolgate::changes
