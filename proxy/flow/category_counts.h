// How many breach records there were of each category since the start. Thread-safe; a mutex is no matter at this rate.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace schoolgate::flow {

class CategoryCounts {
 public:
  void add(const std::string& category) {
    const std::scoped_lock lock(mutex_);
    ++counts_[category.empty() ? "none" : category];
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> all() const {
    const std::scoped_lock lock(mutex_);
    return {counts_.begin(), counts_.end()};
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace schoolgate::flow
