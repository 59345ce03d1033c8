// What the connections of one server share: its loop, its pool, its limits and counts. Internal to server and
// connection.
//
// Lives as long as the server or an answer that is still owed, whichever is longer. Everything is used on the loop's
// thread, but for what says otherwise.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "names/ip_address.h"
#include "web/asio.h"
#include "web/server.h"

namespace schoolgate::web {

class Connection;

struct AddressHash {
  [[nodiscard]] std::size_t operator()(const names::IpAddress& address) const noexcept {
    const auto& bytes = address.bytes();
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
};

/// Relaxed atomics: written by the loop, read by whoever asks.
struct HubCounters {
  std::atomic<std::uint64_t> accepted{0}, refused{0}, open{0}, handshakes_failed{0}, requests{0}, malformed{0},
      too_large{0}, timed_out{0}, overloaded{0}, failed{0};
};

struct Hub {
  explicit Hub(std::string n, const ServerLimits& l) : name(std::move(n)), limits(l) {}

  /// From any thread: runs `work` on the loop; drops it when the loop has ended.
  template <class Work>
  void post(Work work) {
    const std::scoped_lock lock(mutex);
    if (!ended) asio::post(loop, std::move(work));
  }

  std::string name;
  ServerLimits limits;
  asio::io_context loop{1};
  asio::io_context pool;
  HubCounters counters;
  std::atomic<std::size_t> waiting{0};  ///< requests handed to the pool that no thread has taken yet
  bool stopping = false;
  std::unordered_set<Connection*> connections;
  std::unordered_map<names::IpAddress, std::size_t, AddressHash> per_client;
  Timer grace{loop};

  std::mutex mutex;
  bool ended = false;  ///< guarded by mutex
};

}  // namespace schoolgate::web
