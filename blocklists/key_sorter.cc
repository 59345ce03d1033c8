#include "blocklists/key_sorter.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <queue>
#include <string>

namespace schoolgate::blocklists {

Result<void> KeySorter::add(const KeyedList& pair) {
  if (pairs_.size() == capacity_)
    if (auto spilled = spill(); !spilled) return spilled;
  pairs_.push_back(pair);
  ++size_;
  return {};
}

Result<void> KeySorter::spill() {
  std::sort(pairs_.begin(), pairs_.end());
  std::string name = (folder_ / ".sort.XXXXXX").string();
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) return fail_errno("cannot create a temporary file in " + folder_.string(), errno);
  ::unlink(name.c_str());
  Run run(::fdopen(fd, "w+"));
  if (!run) return ::close(fd), fail_errno("cannot use a temporary file in " + folder_.string(), errno);
  if (std::fwrite(pairs_.data(), sizeof(KeyedList), pairs_.size(), run.get()) != pairs_.size() ||
      std::fflush(run.get()) != 0)
    return fail_errno("cannot write a temporary file for sorting", errno, "free some disk space");
  std::rewind(run.get());
  runs_.push_back(std::move(run));
  pairs_.clear();
  return {};
}

Result<void> KeySorter::drain(const std::function<void(const KeyedList&)>& take) {
  if (runs_.empty()) {
    std::sort(pairs_.begin(), pairs_.end());
    for (const KeyedList& pair : pairs_) take(pair);
  } else {
    if (!pairs_.empty())
      if (auto spilled = spill(); !spilled) return spilled;
    if (auto merged = merge(take); !merged) return merged;
  }
  runs_.clear();
  pairs_ = {};
  size_ = 0;
  return {};
}

Result<void> KeySorter::merge(const std::function<void(const KeyedList&)>& take) {
  using Head = std::pair<KeyedList, std::size_t>;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  const auto advance = [&](std::size_t run) {
    KeyedList pair;
    if (std::fread(&pair, sizeof pair, 1, runs_[run].get()) == 1) heads.emplace(pair, run);
    return std::ferror(runs_[run].get()) == 0;
  };
  bool readable = true;
  for (std::size_t run = 0; run < runs_.size(); ++run) readable &= advance(run);
  while (readable && !heads.empty()) {
    const auto [pair, run] = heads.top();
    heads.pop();
    take(pair);
    readable = advance(run);
  }
  if (!readable) return fail_errno("cannot read a temporary file back", errno);
  return {};
}

}  // namespace schoolgate::blocklists
