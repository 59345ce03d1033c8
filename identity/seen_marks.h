// Messages that were seen already, so that none is believed twice: a bounded set of digests that survives a restart.
//
// The newest are kept, in memory and at the end of a file (0600) that is written without waiting for the disk: the end
// of a process loses none, a power cut the last few. Belongs to one thread, or is used under its owner's lock.
#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/error.h"

namespace schoolgate::identity {

class SeenMarks {
 public:
  explicit SeenMarks(std::size_t most) : most_(most) {}
  ~SeenMarks();
  SeenMarks(const SeenMarks&) = delete;
  SeenMarks& operator=(const SeenMarks&) = delete;

  /// Reads what an earlier process has seen, and keeps in this file what comes. Fault host.
  [[nodiscard]] Result<void> keep_in(const std::filesystem::path& file);
  /// False when `told` was noted before.
  [[nodiscard]] bool note(std::string_view told);
  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }

 private:
  void remember(std::string mark);
  [[nodiscard]] Result<void> write_anew();

  const std::size_t most_;
  std::unordered_set<std::string> seen_;
  std::deque<std::string> order_;
  std::filesystem::path file_;
  int fd_ = -1;
  std::size_t in_file_ = 0;
};

}  // namespace schoolgate::identity
