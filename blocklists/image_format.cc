#include "blocklists/image_format.h"

namespace schoolgate::blocklists {

std::uint64_t image_digest(std::string_view bytes) noexcept {
  std::uint64_t lanes[4] = {0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3};
  const auto absorb = [&lanes](const char* stripe) {
    std::uint64_t words[8];
    std::memcpy(words, stripe, 64);
    for (int i = 0; i < 4; ++i)
      lanes[i] = fold_multiply(lanes[i] ^ words[2 * i], words[2 * i + 1] ^ 0x1d8e4e27c47d124full);
  };
  std::size_t at = 0;
  for (; at + 64 <= bytes.size(); at += 64) absorb(bytes.data() + at);
  if (at < bytes.size()) {
    char tail[64] = {};
    std::memcpy(tail, bytes.data() + at, bytes.size() - at);
    absorb(tail);
  }
  std::uint64_t digest = bytes.size();
  for (const std::uint64_t lane : lanes) digest = fold_multiply(digest ^ lane, 0x9e3779b97f4a7c15);
  return digest;
}

}  // namespace schoolgate::blocklists
