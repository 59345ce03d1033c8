// The keyed hash under the image: host suffixes and URL prefixes become 64-bit keys without being copied.
//
// A name is absorbed label by label from the right, so every parent of a host costs one step more than the one before;
// a path is absorbed segment by segment from the left, after its host. The mixer is a folded 64x64->128-bit multiply,
// as in wyhash. The key is the image's salt: it makes the keys of two images unrelated. It is no secret, so this hash
// is no commitment to hide entries with: sealed lists use SipHash (blocklists/sip_hash.h).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace schoolgate::blocklists {

static_assert(std::endian::native == std::endian::little, "images are written and read little-endian");

/// The salt of an image.
struct HashKey {
  std::uint64_t a = 0, b = 0;
};

/// What a key stands for; the same bytes hash differently in each domain.
enum class HashDomain : std::uint64_t {
  host = 0x8ebc6af09c88c6e3,
  url = 0x589965cc75374cc3,
  network = 0x1d8e4e27c47d124f,
};

[[nodiscard]] inline std::uint64_t fold_multiply(std::uint64_t x, std::uint64_t y) noexcept {
  const auto product = static_cast<unsigned __int128>(x) * y;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// The running state of a host-then-path hash; a value, cheap to copy at every boundary.
class HashState {
 public:
  explicit HashState(const HashKey& key) noexcept : state_(key.a), key_(key.b) {}

  /// One label of a name or one segment of a path, without its dot or slash.
  void absorb(std::string_view piece) noexcept {
    state_ ^= kPieceStart;
    const char* at = piece.data();
    std::size_t left = piece.size();
    while (left > 16) {
      state_ = fold_multiply(read8(at) ^ state_, read8(at + 8) ^ key_);
      at += 16;
      left -= 16;
    }
    // Zero-padded, so pieces without NULs stay distinct.
    std::uint64_t low = 0, high = 0;
    if (left >= 8) {
      low = read8(at);
      if (left > 8) high = read8(at + left - 8) >> (8 * (16 - left));
    } else {
      low = read_short(at, left);
    }
    state_ = fold_multiply(low ^ state_, high ^ key_);
  }
  /// Where the host ends and the path begins, and where the path ends and the query begins.
  void begin_path() noexcept { state_ = fold_multiply(state_ ^ kPathStart, key_ ^ kPathStart); }
  void begin_query() noexcept { state_ = fold_multiply(state_ ^ kQueryStart, key_ ^ kQueryStart); }

  /// The key of everything absorbed so far.
  [[nodiscard]] std::uint64_t finish(HashDomain domain) const noexcept {
    return fold_multiply(state_ ^ static_cast<std::uint64_t>(domain), key_ ^ kFinish);
  }

 private:
  static constexpr std::uint64_t kPieceStart = 0xa0761d6478bd642f, kPathStart = 0xe7037ed1a0b428db,
                                 kQueryStart = 0x4b33a62ed433d4a3, kFinish = 0x9e3779b97f4a7c15;

  static std::uint64_t read8(const char* at) noexcept {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    return word;
  }
  static std::uint64_t read_short(const char* at, std::size_t size) noexcept {
    if (size >= 4) {
      std::uint32_t low, high;
      std::memcpy(&low, at, 4);
      std::memcpy(&high, at + size - 4, 4);
      return low | (size > 4 ? std::uint64_t{high} >> (8 * (8 - size)) << 32 : 0);
    }
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < size; ++i) word |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
    return word;
  }

  std::uint64_t state_, key_;
};

/// Walks a canonical host from its last label to its first. Usage:
///     for (SuffixWalk walk(key, host); walk.next();) use(walk.suffix(), walk.state());
/// An IP literal (`whole`) is one label: its parents would be nonsense.
class SuffixWalk {
 public:
  SuffixWalk(const HashKey& key, std::string_view host, bool whole) noexcept
      : state_(key), host_(host), begin_(host.size() + 1), whole_(whole) {}

  [[nodiscard]] bool next() noexcept {
    if (begin_ == 0) return false;
    const std::size_t end = begin_ - 1;
    const std::size_t dot = whole_ || end == 0 ? std::string_view::npos : host_.rfind('.', end - 1);
    begin_ = dot == std::string_view::npos ? 0 : dot + 1;
    state_.absorb(host_.substr(begin_, end - begin_));
    return true;
  }
  [[nodiscard]] std::string_view suffix() const noexcept { return host_.substr(begin_); }
  [[nodiscard]] const HashState& state() const noexcept { return state_; }

 private:
  HashState state_;
  std::string_view host_;
  std::size_t begin_;
  bool whole_;
};

/// Walks the segments of a canonical path. An empty last segment ("/a/") is none, so "/a" and "/a/" are one.
class PathWalk {
 public:
  PathWalk(HashState host_state, std::string_view path) noexcept : state_(host_state), path_(path) {
    state_.begin_path();
  }
  [[nodiscard]] bool next() noexcept {
    if (end_ + 1 >= path_.size()) return false;
    const std::size_t begin = end_ + 1;  // past the slash
    const std::size_t slash = path_.find('/', begin);
    end_ = slash == std::string_view::npos ? path_.size() : slash;
    state_.absorb(path_.substr(begin, end_ - begin));
    return true;
  }
  /// Where the walked prefix ends in the path.
  [[nodiscard]] std::size_t end() const noexcept { return end_; }
  [[nodiscard]] const HashState& state() const noexcept { return state_; }

 private:
  HashState state_;
  std::string_view path_;
  std::size_t end_ = 0;
};

}  // namespace schoolgate::blocklists
