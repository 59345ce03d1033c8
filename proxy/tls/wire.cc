#include "proxy/tls/wire.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace schoolgate::tls {
namespace {

/// What a peer that does not read may make us keep (answers to its key updates, a blocked send and its records).
constexpr std::size_t kMostUnsent = 256 * 1024;

/// Four full records and what TLS adds to them.
struct Scratch {
  char bytes[72 * 1024];
  std::size_t used;
};
constinit thread_local Scratch scratch{};

bool is_not_now(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

struct WireBio {
  static Wire& of(BIO* bio) noexcept { return *static_cast<Wire*>(BIO_get_data(bio)); }
  static int read(BIO* bio, char* into, int size) noexcept {
    BIO_clear_retry_flags(bio);
    const int got = of(bio).read(into, size);
    if (got == kNotNow) BIO_set_retry_read(bio);
    return got == kNotNow ? -1 : got;
  }
  static int write(BIO* bio, const char* bytes, int size) noexcept {
    BIO_clear_retry_flags(bio);
    const int taken = of(bio).write(bytes, size);
    if (taken == kNotNow) BIO_set_retry_write(bio);
    return taken == kNotNow ? -1 : taken;
  }
  static long control(BIO* bio, int command, long, void*) noexcept {
    if (command == BIO_CTRL_EOF) return of(bio).ended();
    return command == BIO_CTRL_FLUSH;
  }
  static constexpr int kNotNow = -2;
};

bio_st* Wire::make_bio() noexcept {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "schoolgate wire");
    if (made) {
      BIO_meth_set_read(made, WireBio::read);
      BIO_meth_set_write(made, WireBio::write);
      BIO_meth_set_ctrl(made, WireBio::control);
    }
    return made;
  }();
  BIO* const bio = method ? BIO_new(method) : nullptr;
  if (bio) {
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
  }
  return bio;
}

void Wire::begin(int fd, std::size_t budget) noexcept {
  fd_ = fd;
  budget_ = budget;
  out_of_budget_ = false;
  scratch.used = 0;
}

int Wire::read(char* into, int size) noexcept {
  if (prefix_used_ < prefix_.size()) {
    const std::size_t take = std::min(std::size_t(size), prefix_.size() - prefix_used_);
    std::memcpy(into, prefix_.data() + prefix_used_, take);
    prefix_used_ += take;
    received_ += take;
    if (prefix_used_ == prefix_.size()) {
      std::string().swap(prefix_);
      prefix_used_ = 0;
    }
    return int(take);
  }
  if (ended_) return 0;
  if (error_) return -1;
  const std::size_t room = std::min(std::size_t(size), budget_);
  if (room == 0) {
    out_of_budget_ = true;
    return WireBio::kNotNow;
  }
  ssize_t got;
  do got = ::recv(fd_, into, room, 0);
  while (got < 0 && errno == EINTR);
  drained_ = got < ssize_t(room);
  if (got > 0) {
    budget_ -= std::size_t(got);
    received_ += std::size_t(got);
    return int(got);
  }
  if (got == 0) {
    ended_ = true;
    return 0;
  }
  if (is_not_now(errno)) return WireBio::kNotNow;
  error_ = errno;
  return -1;
}

int Wire::write(const char* bytes, int size) noexcept {
  const std::string_view given(bytes, std::size_t(size));
  if (error_) return -1;
  if (unsent_.empty() && given.size() > sizeof scratch.bytes - scratch.used) {
    if (!push({scratch.bytes, scratch.used})) return -1;
    scratch.used = 0;
  }
  if (unsent_.empty() && given.size() <= sizeof scratch.bytes) {
    std::memcpy(scratch.bytes + scratch.used, given.data(), given.size());
    scratch.used += given.size();
  } else if (unsent_.size() + given.size() > kMostUnsent) {
    return WireBio::kNotNow;
  } else {
    unsent_.append(given);
  }
  return size;
}

bool Wire::flush() noexcept {
  bool sendable = error_ == 0;
  if (sendable && !unsent_.empty()) {
    const std::string waiting = std::move(unsent_);
    unsent_.clear();
    sendable = push(waiting);
  }
  if (sendable && scratch.used > 0) sendable = push({scratch.bytes, scratch.used});
  scratch.used = 0;
  return sendable;
}

bool Wire::push(std::string_view bytes) noexcept {
  while (!bytes.empty() && unsent_.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(std::size_t(sent));
    } else if (is_not_now(errno)) {
      break;
    } else if (errno != EINTR) {
      error_ = errno;
      return false;
    }
  }
  unsent_.append(bytes);
  return true;
}

}  // namespace schoolgate::tls
