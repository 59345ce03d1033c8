// A filter in front of the fingerprint table: "surely not listed" from a single load for about 95 of 100 unlisted keys.
//
// A Bloom filter whose three bits of one key lie in one 64-bit word. At 8 bits a key five million names take 5 MB,
// which a processor's last-level cache holds while the table's 42 MB do not; more bits let fewer through but stay in it
// less. blocklists/README.md has the figures of the filters that lost.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace schoolgate::blocklists {

class KeyFilter {
 public:
  static constexpr std::uint64_t kBitsPerKey = 8;

  KeyFilter() = default;
  /// A view into a mapped image; without words everything passes.
  explicit KeyFilter(std::span<const std::uint64_t> words) noexcept : words_(words) {}

  void prefetch(std::uint64_t key) const noexcept { __builtin_prefetch(words_.data() + place(key, words_.size())); }
  [[nodiscard]] bool may_have(std::uint64_t key) const noexcept {
    if (words_.empty()) return true;
    const std::uint64_t bits = mask(key);
    return (words_[place(key, words_.size())] & bits) == bits;
  }

  /// The words for so many keys, all clear.
  [[nodiscard]] static std::vector<std::uint64_t> room_for(std::uint64_t keys) {
    return std::vector<std::uint64_t>(keys == 0 ? 0 : keys * kBitsPerKey / 64 + 1);
  }
  static void add(std::vector<std::uint64_t>& words, std::uint64_t key) noexcept {
    words[place(key, words.size())] |= mask(key);
  }

 private:
  [[nodiscard]] static std::uint64_t place(std::uint64_t key, std::uint64_t words) noexcept {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(key) * words >> 64);
  }
  // The place is the key's high bits; the bits come from all of it.
  [[nodiscard]] static std::uint64_t mask(std::uint64_t key) noexcept {
    key *= 0x9e3779b97f4a7c15;
    return 1ull << (key >> 58) | 1ull << (key >> 52 & 63) | 1ull << (key >> 46 & 63);
  }

  std::span<const std::uint64_t> words_;
};

}  // namespace schoolgate::blocklists
