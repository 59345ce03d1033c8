// What an H2Session keeps of one stream, and the allowances it keeps of a connection. For h2_machine.h alone.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/h2_head.h"
#include "proxy/http/h2_session.h"

namespace schoolgate::http {

/// Body bytes that wait to be framed: first in, first out. What has gone is overwritten: bodies leave no trace.
class SendQueue {
 public:
  SendQueue() = default;
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;
  ~SendQueue() { wipe(); }

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - first_; }
  void push(std::string_view bytes) {
    if (bytes_.capacity() - bytes_.size() < bytes.size()) {
      // std::string would leave an unwiped copy behind when it grows.
      std::string wider;
      wider.reserve(std::max(size() + bytes.size(), std::min(2 * size(), size() + kMostSpare)));
      wider.append(bytes_, first_);
      wipe();
      bytes_.swap(wider);
      first_ = 0;
    }
    bytes_.append(bytes);
  }
  /// The first `size` bytes; good until the next call of anything.
  [[nodiscard]] std::string_view front(std::size_t size) const noexcept {
    return std::string_view(bytes_).substr(first_, size);
  }
  void pop(std::size_t size) {
    first_ += size;
    if (first_ == bytes_.size()) {
      wipe();
      bytes_ = std::string();  // a stream that waits for its next event holds no buffer
      first_ = 0;
    }
  }

 private:
  static constexpr std::size_t kMostSpare = 16 * 1024;
  void wipe() noexcept {
    if (!bytes_.empty()) ::explicit_bzero(bytes_.data(), bytes_.size());
  }
  std::string bytes_;
  std::size_t first_ = 0;
};

struct H2Stream {
  explicit H2Stream(StreamId number) noexcept : id(number) {}
  const StreamId id;
  SendQueue queue;
  std::unique_ptr<H2Head> trailers;  ///< to be sent behind the queue
  std::size_t unconsumed = 0;        ///< bytes of on_data that consumed() has not spoken of
  int interims = 0;                  ///< 1xx received
  bool told = false;                 ///< the owner knows it: on_request has come, or request() has returned it
  bool answered = false;             ///< the final head has been received (client) or submitted (server)
  bool ending = false;               ///< the owner has said `ends`
  bool wants_room = false;           ///< send_data() has refused something
  bool sent_all = false;             ///< END_STREAM has left
  bool received_all = false;         ///< END_STREAM has come
  bool dead = false;                 ///< given up by this end: no event comes any more
  bool closed = false;               ///< over for nghttp2; kept for what is unconsumed
};

/// So many and no more, until something good gives back.
class Allowance {
 public:
  explicit Allowance(std::uint32_t full) noexcept : full_(full), left_(full) {}
  /// False when there is nothing left.
  [[nodiscard]] bool spend(std::uint32_t amount) noexcept {
    if (amount > left_) return false;
    left_ -= amount;
    return true;
  }
  void earn(std::uint32_t amount) noexcept { left_ += std::min(amount, full_ - left_); }
  void renew() noexcept { left_ = full_; }

 private:
  std::uint32_t full_, left_;
};

}  // namespace schoolgate::http
