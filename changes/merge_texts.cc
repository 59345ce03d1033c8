#include "changes/merge_texts.h"

#include <git2.h>

#include "changes/history.h"

namespace schoolgate::changes {

std::optional<std::string> merge_texts(const std::string& base, const std::string& ours, const std::string& theirs,
                                       BothAdded both) {
  begin_git();
  const auto input = [](const std::string& text) {
    git_merge_file_input one = GIT_MERGE_FILE_INPUT_INIT;
    one.ptr = text.data();
    one.size = text.size();
    return one;
  };
  const git_merge_file_input was = input(base), our = input(ours), their = input(theirs);
  git_merge_file_options options = GIT_MERGE_FILE_OPTIONS_INIT;
  if (both == BothAdded::keep_both) options.favor = GIT_MERGE_FILE_FAVOR_UNION;
  git_merge_file_result merged{};
  if (git_merge_file(&merged, &was, &our, &their, &options) != 0) return std::nullopt;
  std::optional<std::string> text;
  if (merged.automergeable != 0) text = std::string(merged.ptr, merged.len);
  git_merge_file_result_free(&merged);
  return text;
}

}  // namespace schoolgate::changes
