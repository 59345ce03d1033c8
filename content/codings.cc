// The libraries that undo each coding, behind content/coding.h.
#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <string>
#include <utility>

#include "content/coding.h"

namespace schoolgate::content {
namespace {

using Status = ContentDecoder::Status;

constexpr std::size_t kPiece = 16 << 10;
using Room = std::array<char, kPiece>;

/// gzip (members one after another, RFC 1952) and deflate. `deflate` is the zlib format, and raw deflate from servers
/// that took the word literally: the zlib header tells, as in browsers.
class Inflating final : public Coding {
 public:
  explicit Inflating(bool gzip) : gzip_(gzip) {}
  ~Inflating() override {
    if (ready_) (void)inflateEnd(&stream_);
  }
  Inflating(const Inflating&) = delete;
  Inflating& operator=(const Inflating&) = delete;

  Status feed(std::string_view bytes, const Emit& emit) override {
    std::string first;
    if (!ready_ && !gzip_) {
      head_ += bytes;
      if (head_.size() < 2) return Status::more;
      bytes = first = std::exchange(head_, {});
    }
    if (!ready_ && !begin(bytes)) return Status::broken;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    Room room;
    for (;;) {
      stream_.next_out = reinterpret_cast<Bytef*>(room.data());
      stream_.avail_out = room.size();
      const int code = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t made = room.size() - stream_.avail_out;
      if (made != 0 && !emit({room.data(), made})) return Status::more;
      if (code == Z_STREAM_END) {
        if (!gzip_) return Status::finished;
        if (inflateReset(&stream_) != Z_OK) return Status::broken;
        members_ = true;
        if (stream_.avail_in == 0) return Status::more;
        continue;
      }
      if (code != Z_OK && code != Z_BUF_ERROR) return members_ ? Status::finished : Status::broken;
      if (stream_.avail_in == 0 && stream_.avail_out != 0) return Status::more;
      if (code == Z_BUF_ERROR && made == 0) return Status::more;
    }
  }

 private:
  bool begin(std::string_view bytes) {
    const bool zlib = !gzip_ && has_zlib_header(bytes);
    ready_ = inflateInit2(&stream_, gzip_ ? 16 + MAX_WBITS : zlib ? MAX_WBITS : -MAX_WBITS) == Z_OK;
    return ready_;
  }

  /// RFC 1950: the method, a window that there is, and a checksum over both bytes.
  static bool has_zlib_header(std::string_view bytes) noexcept {
    const unsigned method = static_cast<unsigned char>(bytes[0]), flags = static_cast<unsigned char>(bytes[1]);
    return (method & 0x0F) == 8 && method >> 4 <= 7 && (method << 8 | flags) % 31 == 0;
  }

  z_stream stream_{};
  const bool gzip_;
  std::string head_;  ///< of deflate, until its header is whole
  bool ready_ = false, members_ = false;
};

class Unbrotli final : public Coding {
 public:
  Status feed(std::string_view bytes, const Emit& emit) override {
    const auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
    std::size_t left = bytes.size();
    Room room;
    for (;;) {
      auto* out = reinterpret_cast<std::uint8_t*>(room.data());
      std::size_t free = room.size();
      const auto code = BrotliDecoderDecompressStream(state_.get(), &left, &next, &free, &out, nullptr);
      if (free != room.size() && !emit({room.data(), room.size() - free})) return Status::more;
      if (code == BROTLI_DECODER_RESULT_SUCCESS) return Status::finished;
      if (code == BROTLI_DECODER_RESULT_ERROR) return Status::broken;
      if (code == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) return Status::more;
    }
  }
  [[nodiscard]] bool ready() const noexcept { return state_ != nullptr; }

 private:
  struct Free {
    void operator()(BrotliDecoderState* state) const noexcept { BrotliDecoderDestroyInstance(state); }
  };
  std::unique_ptr<BrotliDecoderState, Free> state_{BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)};
};

class Unzstd final : public Coding {
 public:
  Unzstd() {
    static constexpr int kLargestWindow = 23;  // 8 MiB, as browsers take it (RFC 9659)
    if (state_) (void)ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, kLargestWindow);
  }
  Status feed(std::string_view bytes, const Emit& emit) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    Room room;
    for (;;) {
      ZSTD_outBuffer out{room.data(), room.size(), 0};
      const std::size_t code = ZSTD_decompressStream(state_.get(), &out, &in);
      if (out.pos != 0 && !emit({room.data(), out.pos})) return Status::more;
      if (ZSTD_isError(code)) return Status::broken;
      if (in.pos == in.size && out.pos < room.size()) return Status::more;
    }
  }
  [[nodiscard]] bool ready() const noexcept { return state_ != nullptr; }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* state) const noexcept { ZSTD_freeDCtx(state); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> state_{ZSTD_createDCtx()};
};

template <class Kind>
std::unique_ptr<Coding> made() {
  auto coding = std::make_unique<Kind>();
  return coding->ready() ? std::move(coding) : nullptr;
}

}  // namespace

std::unique_ptr<Coding> make_gzip() { return std::make_unique<Inflating>(true); }
std::unique_ptr<Coding> make_deflate() { return std::make_unique<Inflating>(false); }
std::unique_ptr<Coding> make_brotli() { return made<Unbrotli>(); }
std::unique_ptr<Coding> make_zstd() { return made<Unzstd>(); }

}  // namespace schoolgate::content
