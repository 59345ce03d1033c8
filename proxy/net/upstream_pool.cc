#include "proxy/net/upstream_pool.h"

#include <algorithm>
#include <utility>

namespace schoolgate::net {

UpstreamPool::UpstreamPool(DeadlineList& deadlines, UpstreamPoolLimits limits) : Deadline(deadlines), limits_(limits) {}

std::optional<Socket> UpstreamPool::take(std::string_view key) {
  const auto found = by_key_.find(key);
  while (found != by_key_.end() && !found->second.empty()) {
    const IdleList::iterator entry = found->second.back();
    found->second.pop_back();
    Socket socket = std::move(entry->socket);
    idle_.erase(entry);
    if (socket.is_quiet()) {
      ++counters_.hits;
      return socket;
    }
    ++counters_.dead;
  }
  ++counters_.misses;
  return std::nullopt;
}

bool UpstreamPool::holds(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found != by_key_.end() && !found->second.empty();
}

void UpstreamPool::put(std::string_view key, Socket socket) {
  if (limits_.total == 0 || limits_.per_key == 0 || !socket.is_open() || socket.expired()) return;
  socket.clear_deadline();
  auto found = by_key_.find(key);
  if (found == by_key_.end()) found = by_key_.try_emplace(std::string(key)).first;
  if (found->second.size() >= limits_.per_key) {
    remove(found->second.front());
    ++counters_.evicted;
  } else if (idle_.size() >= limits_.total) {
    remove(idle_.begin());
    ++counters_.evicted;
  }
  idle_.push_back({std::move(socket), &*found, deadlines().now()});
  found->second.push_back(std::prev(idle_.end()));
  if (!has_deadline()) expire_after(limits_.idle);
}

void UpstreamPool::remove(IdleList::iterator entry) {
  std::erase(entry->key->second, entry);
  idle_.erase(entry);
}

void UpstreamPool::on_deadline() {
  const std::uint32_t now = deadlines().now();
  const auto idle = std::uint32_t(limits_.idle.count());
  while (!idle_.empty() && now - idle_.front().since >= idle) {
    remove(idle_.begin());
    ++counters_.expired;
  }
  // A key keeps its place while its connections come and go; it leaves when none has come back by now.
  std::erase_if(by_key_, [](const auto& key) { return key.second.empty(); });
  if (!idle_.empty()) expire_after(std::chrono::seconds(idle_.front().since + idle - now));
}

void UpstreamPool::clear() noexcept {
  by_key_.clear();
  idle_.clear();
}

}  // namespace schoolgate::net
