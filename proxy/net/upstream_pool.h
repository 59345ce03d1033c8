// Idle upstream connections kept for the next request to the same destination.
//
// One per worker, on its thread. The key is opaque to the pool: the caller that puts a socket in says what makes two
// connections interchangeable (host, port, safe endpoint, TLS or not). Bounded per key and in total; the longest idle
// goes first. A pooled connection may still die while it is taken: the caller retries an idempotent request once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/net/deadlines.h"
#include "proxy/net/socket.h"
#include "proxy/net/upstream_pool_limits.h"

namespace schoolgate::net {

struct UpstreamPoolCounters {
  std::uint64_t hits = 0, misses = 0, dead = 0, expired = 0, evicted = 0;
};

class UpstreamPool final : private Deadline {
 public:
  explicit UpstreamPool(DeadlineList& deadlines, UpstreamPoolLimits limits = {});
  UpstreamPool(UpstreamPool&&) = delete;
  ~UpstreamPool() override = default;

  /// The youngest idle connection of `key` whose peer has neither closed nor spoken; it has no deadline.
  [[nodiscard]] std::optional<Socket> take(std::string_view key);
  /// True when there is one to take, as far as can be told without looking at it.
  [[nodiscard]] bool holds(std::string_view key) const;
  /// Keeps `socket` for later. Only a connection with nothing left to read or send may be put.
  void put(std::string_view key, Socket socket);
  /// Closes all: a drain, or a reload that changes where names lead.
  void clear() noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return idle_.size(); }
  [[nodiscard]] const UpstreamPoolCounters& counters() const noexcept { return counters_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>()(key); }
  };
  struct Idle;
  using IdleList = std::list<Idle>;
  using ByKey = std::unordered_map<std::string, std::vector<IdleList::iterator>, Hash, std::equal_to<>>;
  struct Idle {
    Socket socket;
    ByKey::value_type* key;
    std::uint32_t since;
  };

  void on_deadline() override;
  void remove(IdleList::iterator entry);

  UpstreamPoolLimits limits_;
  IdleList idle_;  ///< longest idle first
  ByKey by_key_;
  UpstreamPoolCounters counters_;
};

}  // namespace schoolgate::net
