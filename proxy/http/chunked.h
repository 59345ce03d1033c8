// The chunked coding (RFC 9112 section 7.1), taken apart and put together again.
//
// A body that arrived chunked is never copied through as it is: it is decoded, and encoded anew towards the next hop.
// So extensions, odd spellings of a size and unlisted trailers end here, and both neighbours see one spelling.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace schoolgate::http {

/// Decodes in place, over any number of pieces. Strict: sizes of 1 to 16 hex digits, CRLF only, extensions and trailers
/// bounded by 16 KiB in total.
class ChunkDecoder {
 public:
  enum class Status : std::uint8_t { need_more, finished, bad };
  struct Step {
    Status status = Status::need_more;
    std::size_t consumed = 0;  ///< bytes of the input that are done with
    std::size_t decoded = 0;   ///< body bytes, moved to the front of the input
  };

  /// Reads as much of `bytes` as it can and moves the body bytes to the front of it. Once bad, always bad; once
  /// finished, nothing more is consumed.
  [[nodiscard]] Step decode(std::span<char> bytes) noexcept;

  /// After `finished`: trailer lines worth forwarding (a short list of fields that change nothing of how a message is
  /// read; RFC 9110 section 6.5), each ended by CRLF.
  [[nodiscard]] const std::string& trailers() const noexcept { return trailers_; }

 private:
  enum class State : std::uint8_t {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,
    trailer_lf,
    finished,
    broken
  };
  [[nodiscard]] bool take_trailer_line() noexcept;

  State state_ = State::size;
  std::uint64_t left_ = 0;
  int digits_ = 0;
  std::size_t overhead_ = 0;
  std::string line_, trailers_;
};

/// "1a2b\r\n" for a chunk of `size` bytes, into `room`.
[[nodiscard]] std::string_view chunk_size_line(std::uint64_t size, std::span<char, 20> room) noexcept;

}  // namespace schoolgate::http
