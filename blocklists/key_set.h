// A growing set of 64-bit keys in one flat array: what the compiler knows of one list while it reads it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace schoolgate::blocklists {

class KeySet {
 public:
  /// False when it was there already.
  bool insert(std::uint64_t key) {
    if (key == 0) return !std::exchange(has_zero_, true);
    if ((size_ + 1) * 10 > slots_.size() * 7) grow();
    const bool fresh = place(key);
    size_ += fresh;
    return fresh;
  }
  [[nodiscard]] bool contains(std::uint64_t key) const noexcept {
    if (key == 0) return has_zero_;
    if (slots_.empty()) return false;
    for (std::size_t at = start(key);; at = at + 1 == slots_.size() ? 0 : at + 1) {
      if (slots_[at] == key) return true;
      if (slots_[at] == 0) return false;
    }
  }

 private:
  [[nodiscard]] std::size_t start(std::uint64_t key) const noexcept {
    return static_cast<std::size_t>(static_cast<unsigned __int128>(key) * slots_.size() >> 64);
  }
  bool place(std::uint64_t key) noexcept {
    for (std::size_t at = start(key);; at = at + 1 == slots_.size() ? 0 : at + 1) {
      if (slots_[at] == key) return false;
      if (slots_[at] == 0) return slots_[at] = key, true;
    }
  }
  void grow() {
    std::vector<std::uint64_t> old(slots_.empty() ? 1024 : slots_.size() * 2);
    old.swap(slots_);
    for (const std::uint64_t key : old)
      if (key != 0) place(key);
  }
  std::vector<std::uint64_t> slots_;
  std::size_t size_ = 0;
  bool has_zero_ = false;
};

}  // namespace schoolgate::blocklists
