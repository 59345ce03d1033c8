// Which groups something is for.
#pragma once

#include <cstdint>
#include <vector>

#include "rules/subject.h"

namespace schoolgate::rules {

/// Every group, until the first add(); then only those added.
class GroupSet {
 public:
  void add(GroupIndex group) {
    if (words_.size() <= group / 64u) words_.resize(group / 64u + 1);
    words_[group / 64u] |= std::uint64_t{1} << (group % 64u);
  }
  [[nodiscard]] bool everybody() const noexcept { return words_.empty(); }
  [[nodiscard]] bool contains(GroupIndex group) const noexcept {
    if (everybody()) return true;
    return group / 64u < words_.size() && (words_[group / 64u] >> (group % 64u) & 1) != 0;
  }
  bool operator==(const GroupSet&) const = default;

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace schoolgate::rules
