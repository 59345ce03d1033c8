// What one client holds of what all clients share: HTTP/2 streams, and bytes that it has asked for and does not take.
//
// A sum over all its connections and all workers, beside the bounds of each connection. Kept by ClientTable for as long
// as the client has a connection; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace schoolgate::flow {

class ClientAccount {
 public:
  [[nodiscard]] std::uint32_t streams() const noexcept { return streams_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  friend class StreamCharge;
  friend class BytesCharge;
  /// `held` becomes `bytes`. False, and nothing has changed, when that is more than before and the sum more than
  /// `most`.
  [[nodiscard]] bool change(std::uint64_t& held, std::uint64_t bytes, std::uint64_t most) noexcept {
    if (bytes > held) {
      const std::uint64_t more = bytes - held;
      if (bytes_.fetch_add(more, std::memory_order_relaxed) + more > most) {
        bytes_.fetch_sub(more, std::memory_order_relaxed);
        return false;
      }
    } else {
      bytes_.fetch_sub(held - bytes, std::memory_order_relaxed);
    }
    held = bytes;
    return true;
  }

  std::atomic<std::uint32_t> streams_{0};
  std::atomic<std::uint64_t> bytes_{0};
};

struct ClientLimits {
  std::uint32_t streams = 2'000;
  std::uint64_t bytes = 64u << 20;
};

/// One stream on its client's account, and the bytes that are held for it. Given back when it is destroyed.
class StreamCharge {
 public:
  /// Nothing when the client has as many streams as it may.
  [[nodiscard]] static std::optional<StreamCharge> take(std::shared_ptr<ClientAccount> account, ClientLimits limits) {
    if (account->streams_.fetch_add(1, std::memory_order_relaxed) >= limits.streams) {
      account->streams_.fetch_sub(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return StreamCharge(std::move(account), limits);
  }
  StreamCharge(StreamCharge&& other) noexcept
      : account_(std::move(other.account_)), limits_(other.limits_), bytes_(std::exchange(other.bytes_, 0)) {}
  StreamCharge& operator=(StreamCharge&&) = delete;
  ~StreamCharge() {
    if (!account_) return;
    account_->bytes_.fetch_sub(bytes_, std::memory_order_relaxed);
    account_->streams_.fetch_sub(1, std::memory_order_relaxed);
  }

  /// From now on so many bytes are held for the stream. False, and the sum is as it was, when it is more than before
  /// and more than the client may have.
  [[nodiscard]] bool holds(std::uint64_t bytes) noexcept {
    return !account_ || account_->change(bytes_, bytes, limits_.bytes);  // none: another charge has taken it over
  }

 private:
  StreamCharge(std::shared_ptr<ClientAccount> account, ClientLimits limits) noexcept
      : account_(std::move(account)), limits_(limits) {}
  std::shared_ptr<ClientAccount> account_;
  ClientLimits limits_;
  std::uint64_t bytes_ = 0;
};

/// Bytes on an account without a stream. Given back when it is destroyed.
class BytesCharge {
 public:
  BytesCharge(std::shared_ptr<ClientAccount> account, std::uint64_t most) noexcept
      : account_(std::move(account)), most_(most) {}
  BytesCharge(const BytesCharge&) = delete;
  BytesCharge& operator=(const BytesCharge&) = delete;
  ~BytesCharge() { account_->bytes_.fetch_sub(bytes_, std::memory_order_relaxed); }

  /// As StreamCharge::holds().
  [[nodiscard]] bool holds(std::uint64_t bytes) noexcept { return account_->change(bytes_, bytes, most_); }

 private:
  std::shared_ptr<ClientAccount> account_;
  std::uint64_t most_;
  std::uint64_t bytes_ = 0;
};

}  // namespace schoolgate::flow
