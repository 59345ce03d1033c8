// Sorts (key, list) pairs of any number: in memory up to a budget, beyond it in runs on disk that are merged.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "base/error.h"

namespace schoolgate::blocklists {

struct KeyedList {
  std::uint64_t key = 0;
  std::uint16_t list = 0;
  auto operator<=>(const KeyedList&) const = default;
};

/// Runs are unlinked temporary files: nothing is left behind, also after a crash. They hold hashes only.
class KeySorter {
 public:
  /// `folder`: where runs may be written.
  KeySorter(std::size_t memory_bytes, std::filesystem::path folder)
      : capacity_(std::max<std::size_t>(memory_bytes / sizeof(KeyedList), 16)), folder_(std::move(folder)) {}

  [[nodiscard]] Result<void> add(const KeyedList& pair);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Hands over every pair in ascending order, duplicates included; then the sorter is empty.
  [[nodiscard]] Result<void> drain(const std::function<void(const KeyedList&)>& take);

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  using Run = std::unique_ptr<std::FILE, CloseFile>;
  [[nodiscard]] Result<void> spill();
  [[nodiscard]] Result<void> merge(const std::function<void(const KeyedList&)>& take);

  std::size_t capacity_;
  std::filesystem::path folder_;
  std::uint64_t size_ = 0;
  std::vector<KeyedList> pairs_;
  std::vector<Run> runs_;
};

}  // namespace schoolgate::blocklists
