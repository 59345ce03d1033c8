#include "app/own_lists.h"

#include <cstdio>

#include "base/file.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

/// A difference that cannot be told is one.
bool differ(const fs::path& one, const fs::path& other) {
  std::error_code error;
  if (!fs::exists(other, error)) return true;
  const auto size = fs::file_size(one, error), other_size = fs::file_size(other, error);
  if (error || size != other_size) return true;
  constexpr std::size_t kLargest = std::size_t{1} << 30;
  const auto text = read_file(one, kLargest), other_text = read_file(other, kLargest);
  return !text || !other_text || *text != *other_text;
}

void warn(const fs::path& name) {
  std::fprintf(stderr,
               "schoolgate: %s of the copy is not the one in force, and is not read: a proposal is about the "
               "configuration's own files. Put it in place, then: schoolgate lists update\n",
               name.c_str());
}

}  // namespace

void warn_of_own_lists(const fs::path& copy, const fs::path& folder, const config::Configuration& proposed) {
  std::error_code error;
  for (const config::ListConfig& list : proposed.lists) {
    if (list.remote) continue;
    const fs::path name = fs::path(list.source).lexically_relative(folder.lexically_normal());
    if (name.empty() || *name.begin() == "..") continue;  // elsewhere: both have the same
    if (fs::is_regular_file(copy / name, error)) {
      if (differ(copy / name, folder / name)) warn(name);
      continue;
    }
    for (fs::recursive_directory_iterator entry(copy / name, error), end; !error && entry != end;
         entry.increment(error)) {
      const fs::path below = name / entry->path().lexically_relative(copy / name);
      if (entry->is_regular_file(error) && differ(copy / below, folder / below)) warn(below);
    }
  }
}

}  // namespace schoolgate::app
