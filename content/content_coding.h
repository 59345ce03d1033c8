// The codings of Content-Encoding undone, piece by piece: gzip, deflate, br and zstd, one inside another.
//
// What comes is what a stranger sent: size, ratio and depth are bounded. One per body, one thread; a piece may end
// anywhere and the outcome is the same. Names that no browser knows leave the bytes as they are, as in browsers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace schoolgate::content {

class Coding;

class ContentDecoder {
 public:
  using Sink = std::function<void(std::string_view)>;
  enum class Status : std::uint8_t {
    more,       ///< goes on
    finished,   ///< the coding has its end: what follows is not read; or, uncoded, as much as is read has come
    broken,     ///< what came is not of that coding: neither we nor a browser read on
    oversized,  ///< it inflates beyond all reason, or is wrapped too often
  };
  struct Bounds {
    std::uint64_t most = 32 << 20;   ///< bytes that come out
    std::uint64_t ratio = 300;       ///< bytes out for one in,
    std::uint64_t spared = 1 << 20;  ///< once so many have come out
    std::size_t depth = 2;           ///< codings one inside another
  };

  /// `field` is the value of Content-Encoding.
  explicit ContentDecoder(std::string_view field) : ContentDecoder(field, Bounds()) {}
  ContentDecoder(std::string_view field, const Bounds& bounds);
  ContentDecoder(ContentDecoder&&) noexcept;
  ~ContentDecoder();

  /// Calls `sink` with what comes out, in pieces. A status other than `more` stays.
  Status feed(std::string_view bytes, const Sink& sink);
  /// A client may undo what is not undone here, or leave what is: what comes out may not be what is seen.
  [[nodiscard]] bool is_doubtful() const noexcept { return doubtful_; }

 private:
  void pass(std::size_t coding, std::string_view bytes, const Sink& sink);

  Bounds bounds_;
  std::vector<std::unique_ptr<Coding>> codings_;  ///< the outermost first
  Status status_ = Status::more;
  bool doubtful_ = false;
  std::uint64_t in_ = 0, out_ = 0;
};

}  // namespace schoolgate::content
