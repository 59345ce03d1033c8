// Bytes that have arrived on a socket and are not dealt with yet. Holds a buffer only while it holds bytes, and gives
// it back wiped where the bytes came out of TLS: the text of one client must not lie in the pool for the next.
#pragma once

#include <strings.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "proxy/net/buffer_pool.h"
#include "proxy/net/socket.h"

namespace schoolgate::flow {

/// One direction of one connection; its worker's thread only.
class Inbox {
 public:
  Inbox() = default;
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  ~Inbox() { release(); }

  [[nodiscard]] std::string_view bytes() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }
  [[nodiscard]] std::span<char> mutable_bytes() noexcept { return {buffer_.data() + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return buffer_.size(); }

  void consume(std::size_t count) noexcept {
    begin_ += count;
    if (begin_ == end_) release();
  }
  void release() noexcept {
    if (secret_ && buffer_) ::explicit_bzero(buffer_.data(), used_);
    buffer_.release();
    begin_ = end_ = used_ = 0;
  }
  /// From now on the bytes are wiped when they are dealt with.
  void holds_secrets() noexcept { secret_ = true; }

  /// Takes room of a head's size, if there is none yet. False when the gateway is out of buffers.
  [[nodiscard]] bool prepare_head(net::BufferPool& pool) {
    if (!buffer_) buffer_ = pool.take_head();
    return bool(buffer_);
  }
  void prepare_relay(net::BufferPool& pool) {
    if (!buffer_) buffer_ = pool.take_relay();
  }

  /// Moves what is there into a relay-sized buffer. False when that is no larger than this one.
  [[nodiscard]] bool grow(net::BufferPool& pool) {
    net::Buffer larger = pool.take_relay();
    if (larger.size() <= buffer_.size()) return false;
    const std::size_t count = end_ - begin_;
    std::memcpy(larger.data(), buffer_.data() + begin_, count);
    if (secret_) ::explicit_bzero(buffer_.data(), used_);
    buffer_ = std::move(larger);
    begin_ = 0, end_ = used_ = count;
    return true;
  }

  /// One recv(2) behind what is there; closed up first when no room is left behind. With no room at all: would_block.
  [[nodiscard]] net::Transfer receive(net::Socket& socket) noexcept {
    if (end_ == buffer_.size() && begin_ != 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= std::exchange(begin_, 0);
    }
    if (is_full()) return {0, net::IoStatus::would_block};
    const net::Transfer got = socket.receive(buffer_.space().subspan(end_));
    end_ += got.bytes;
    used_ = std::max(used_, end_);
    return got;
  }
  [[nodiscard]] bool is_full() const noexcept { return begin_ == 0 && end_ == buffer_.size(); }

 private:
  net::Buffer buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::size_t used_ = 0;  ///< bytes of the buffer that have ever been written
  bool secret_ = false;
};

}  // namespace schoolgate::flow
