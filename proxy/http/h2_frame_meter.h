// Finds the frames in what a peer sends, so that each can be counted before it is acted on.
//
// nghttp2 tells of most frames, but not of those that it passes over: unknown types, DATA of streams that are over. A
// flood would choose these. Any pieces; no allocation; looks at nothing but the nine bytes of a frame's head.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace schoolgate::http {

struct H2FrameHead {
  std::uint32_t size = 0;  ///< of the payload
  std::uint8_t type = 0, flags = 0;
};

class H2FrameMeter {
 public:
  /// `preface`: bytes ahead of the first frame (24 from a client).
  explicit H2FrameMeter(std::uint32_t preface) noexcept : left_(preface) {}

  struct Step {
    std::size_t size = 0;   ///< bytes that are dealt with
    std::string_view feed;  ///< what to hand on; good until the next call
    bool begins = false;    ///< `feed` begins with a frame's head, which is `head`
    H2FrameHead head;
  };
  /// The next piece of `bytes`, which are not empty: one frame, or what there is of it. A frame's head is held back
  /// until it is whole: nghttp2 counts a CONTINUATION again for every piece that its head comes in.
  [[nodiscard]] Step next(std::string_view bytes) noexcept {
    if (left_ != 0) {
      const std::size_t size = take(bytes.size());
      return {.size = size, .feed = bytes.substr(0, size)};
    }
    if (known_ == 0 && bytes.size() >= head_.size()) {
      const H2FrameHead head = read(bytes);
      const std::size_t size = head_.size() + take(bytes.size() - head_.size());
      return {.size = size, .feed = bytes.substr(0, size), .begins = true, .head = head};
    }
    const std::size_t size = std::min(head_.size() - known_, bytes.size());
    std::ranges::copy(bytes.substr(0, size), head_.begin() + std::ptrdiff_t(known_));
    known_ += size;
    if (known_ != head_.size()) return {.size = size};
    known_ = 0;
    const std::string_view whole(head_.data(), head_.size());
    return {.size = size, .feed = whole, .begins = true, .head = read(whole)};
  }

 private:
  std::size_t take(std::size_t available) noexcept {
    const std::size_t size = std::min<std::size_t>(left_, available);
    left_ -= std::uint32_t(size);
    return size;
  }
  H2FrameHead read(std::string_view head) noexcept {
    const auto at = [&](std::size_t i) { return std::uint32_t(static_cast<unsigned char>(head[i])); };
    left_ = at(0) << 16 | at(1) << 8 | at(2);
    return {.size = left_, .type = std::uint8_t(at(3)), .flags = std::uint8_t(at(4))};
  }

  std::array<char, 9> head_{};
  std::size_t known_ = 0;
  std::uint32_t left_;
};

}  // namespace schoolgate::http
