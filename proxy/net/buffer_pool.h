// Buffers that exist only while bytes are in flight: a free list per worker.
//
// An idle connection holds no buffer: wait first, take second, give back when empty. Owned by the worker, made before
// its io_context (buffers may live in coroutine frames), used on its thread only. Contents are not cleared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace schoolgate::net {

class BufferPool;

/// Room for bytes, given back to its pool at the end of its life. Empty when default-made, moved from or refused.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer() { release(); }

  [[nodiscard]] explicit operator bool() const noexcept { return data_ != nullptr; }
  [[nodiscard]] char* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<char> space() const noexcept { return {data_, size_}; }
  void release() noexcept;

 private:
  friend class BufferPool;
  Buffer(BufferPool& pool, char* data, std::uint32_t size) noexcept : pool_(&pool), data_(data), size_(size) {}

  BufferPool* pool_ = nullptr;
  char* data_ = nullptr;
  std::uint32_t size_ = 0;
};

class BufferPool {
 public:
  static constexpr std::uint32_t kRelaySize = 64 * 1024;
  static constexpr std::uint32_t kHeadSize = 16 * 1024;
  static constexpr std::uint32_t kSmallSize = 4 * 1024;

  struct Limits {
    std::uint32_t relay_buffers = 1024;  ///< full-size relay buffers in use at once; beyond, small ones are handed out
    std::uint32_t head_buffers = 16384;  ///< head buffers in use at once; beyond, take_head() refuses
    std::uint32_t kept = 256;            ///< free buffers of each size kept for the next taker
  };

  BufferPool() noexcept : BufferPool(Limits{}) {}
  explicit BufferPool(Limits limits) noexcept : limits_(limits) {}
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  /// 64 KiB; 4 KiB when slow readers hold all of those: every client gets slower, none stops. Never empty.
  [[nodiscard]] Buffer take_relay();
  /// 16 KiB; empty when the cap is reached.
  [[nodiscard]] Buffer take_head();

  [[nodiscard]] std::uint32_t relay_in_use() const noexcept { return relay_.in_use; }
  [[nodiscard]] std::uint32_t head_in_use() const noexcept { return head_.in_use; }
  /// How often the caps were felt since the start.
  [[nodiscard]] std::uint64_t relay_pressed() const noexcept { return relay_pressed_; }
  [[nodiscard]] std::uint64_t head_refused() const noexcept { return head_refused_; }

 private:
  friend class Buffer;
  struct Shelf {
    std::vector<char*> free;
    std::uint32_t in_use = 0;
  };
  [[nodiscard]] Buffer take(Shelf& shelf, std::uint32_t size);
  void give_back(char* data, std::uint32_t size) noexcept;
  [[nodiscard]] Shelf& shelf_of(std::uint32_t size) noexcept;

  Limits limits_;
  Shelf relay_, head_, small_;
  std::uint64_t relay_pressed_ = 0, head_refused_ = 0;
};

/// The same bytes as the unsigned octets that parsers of binary formats read.
[[nodiscard]] inline std::span<const std::uint8_t> octets(std::string_view bytes) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace schoolgate::net
