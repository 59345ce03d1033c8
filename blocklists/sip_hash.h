// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012): a keyed hash for short inputs that tells nothing
// about them without the key.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>
#include <utility>

namespace schoolgate::blocklists {

class SipHash {
 public:
  struct Key {
    std::uint64_t low = 0, high = 0;
  };
  struct Tag {
    std::uint64_t low = 0, high = 0;
    auto operator<=>(const Tag&) const = default;
  };

  explicit SipHash(const Key& key) noexcept
      : v0_(0x736f6d6570736575 ^ key.low),
        v1_(0x646f72616e646f6d ^ key.high ^ 0xee),
        v2_(0x6c7967656e657261 ^ key.low),
        v3_(0x7465646279746573 ^ key.high) {}

  void update(std::string_view bytes) noexcept {
    for (const char byte : bytes) {
      word_ |= std::uint64_t{static_cast<unsigned char>(byte)} << (8 * (size_ & 7));
      if ((++size_ & 7) == 0) absorb(std::exchange(word_, 0));
    }
  }
  [[nodiscard]] Tag finish() noexcept {
    absorb(word_ | size_ << 56);
    v2_ ^= 0xee;
    for (int i = 0; i < 4; ++i) round();
    Tag tag{v0_ ^ v1_ ^ v2_ ^ v3_, 0};
    v1_ ^= 0xdd;
    for (int i = 0; i < 4; ++i) round();
    tag.high = v0_ ^ v1_ ^ v2_ ^ v3_;
    return tag;
  }

 private:
  void absorb(std::uint64_t word) noexcept {
    v3_ ^= word;
    round();
    round();
    v0_ ^= word;
  }
  void round() noexcept {
    v0_ += v1_, v1_ = std::rotl(v1_, 13) ^ v0_, v0_ = std::rotl(v0_, 32);
    v2_ += v3_, v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_, v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_, v1_ = std::rotl(v1_, 17) ^ v2_, v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_, word_ = 0, size_ = 0;
};

}  // namespace schoolgate::blocklists
