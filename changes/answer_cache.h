// Questions that were answered already, by a keyed 128-bit hash of what decides them.
//
// A lookup costs one line of memory; two questions have one hash with a chance of one in 10^25, and whoever fills the
// log cannot aim at it, since the key is random. Forgets everything when it is full. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/digest.h"

namespace schoolgate::changes {

struct QuestionHash {
  std::uint64_t a = 0, b = 0;
  bool operator==(const QuestionHash&) const = default;
};

/// Hashes text under a random key of its own.
class QuestionHasher {
 public:
  QuestionHasher() {
    std::array<std::uint8_t, sizeof key_> bytes;
    fill_random(bytes);
    std::memcpy(key_.data(), bytes.data(), bytes.size());
    for (std::uint64_t& key : key_) key |= 1;
  }
  [[nodiscard]] QuestionHash operator()(QuestionHash seed, std::string_view text) const noexcept {
    std::uint64_t a = seed.a ^ key_[0], b = seed.b ^ key_[1];
    const std::uint64_t size = text.size();
    while (text.size() >= 8) {
      std::uint64_t word;
      std::memcpy(&word, text.data(), 8);
      a = mix(a ^ word, key_[2]);
      b = mix(b + word, key_[3]);
      text.remove_prefix(8);
    }
    std::uint64_t word = 0;
    if (!text.empty()) std::memcpy(&word, text.data(), text.size());
    return {mix(mix(a ^ word, key_[2]) ^ size, key_[0]), mix(mix(b + word, key_[3]) + size, key_[1])};
  }
  [[nodiscard]] QuestionHash operator()(QuestionHash seed, std::uint64_t number) const noexcept {
    return {mix(seed.a ^ number ^ key_[0], key_[2]), mix(seed.b + number + key_[1], key_[3])};
  }

 private:
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide(a) * b;
    return std::uint64_t(product) ^ std::uint64_t(product >> 64);
  }
  std::array<std::uint64_t, 4> key_{};
};

class AnswerCache {
 public:
  static constexpr std::uint32_t kUnknown = 0xffffffff;

  explicit AnswerCache(std::size_t most) : most_(most), slots_(1u << 12) {}

  /// kUnknown: it was not asked yet.
  [[nodiscard]] std::uint32_t find(QuestionHash hash) const noexcept {
    for (std::size_t i = hash.a & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].answer == kUnknown) return kUnknown;
      if (slots_[i].hash == hash) return slots_[i].answer;
    }
  }
  void put(QuestionHash hash, std::uint32_t answer) {
    if (used_ == most_) {
      slots_.assign(slots_.size(), {});
      used_ = 0;
    }
    if ((used_ + 1) * 10 > slots_.size() * 7) grow();
    place(hash, answer);
    ++used_;
  }

 private:
  struct Slot {
    QuestionHash hash;
    std::uint32_t answer = kUnknown;
  };
  void place(QuestionHash hash, std::uint32_t answer) noexcept {
    std::size_t i = hash.a & (slots_.size() - 1);
    while (slots_[i].answer != kUnknown) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = {hash, answer};
  }
  void grow() {
    std::vector<Slot> before(slots_.size() * 2);
    before.swap(slots_);
    for (const Slot& slot : before)
      if (slot.answer != kUnknown) place(slot.hash, slot.answer);
  }

  std::size_t most_, used_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace schoolgate::changes
