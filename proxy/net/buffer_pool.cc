#include "proxy/net/buffer_pool.h"

#include <cassert>

namespace schoolgate::net {

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(other.pool_), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = other.pool_;
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void Buffer::release() noexcept {
  if (data_ != nullptr) pool_->give_back(std::exchange(data_, nullptr), std::exchange(size_, 0));
}

BufferPool::~BufferPool() {
  assert(relay_.in_use == 0 && head_.in_use == 0 && small_.in_use == 0);
  for (Shelf* shelf : {&relay_, &head_, &small_})
    for (char* data : shelf->free) delete[] data;
}

Buffer BufferPool::take_relay() {
  if (relay_.in_use < limits_.relay_buffers) return take(relay_, kRelaySize);
  ++relay_pressed_;
  return take(small_, kSmallSize);
}

Buffer BufferPool::take_head() {
  if (head_.in_use < limits_.head_buffers) return take(head_, kHeadSize);
  ++head_refused_;
  return {};
}

Buffer BufferPool::take(Shelf& shelf, std::uint32_t size) {
  char* data;
  if (shelf.free.empty()) {
    data = new char[size];
    shelf.free.reserve(limits_.kept);  // so that giving back never allocates
  } else {
    data = shelf.free.back();
    shelf.free.pop_back();
  }
  ++shelf.in_use;
  return Buffer(*this, data, size);
}

void BufferPool::give_back(char* data, std::uint32_t size) noexcept {
  Shelf& shelf = shelf_of(size);
  --shelf.in_use;
  if (shelf.free.size() < limits_.kept)
    shelf.free.push_back(data);
  else
    delete[] data;
}

BufferPool::Shelf& BufferPool::shelf_of(std::uint32_t size) noexcept {
  return size == kRelaySize ? relay_ : size == kHeadSize ? head_ : small_;
}

}  // namespace schoolgate::net
