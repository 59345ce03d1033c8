#include "proxy/tls/ticket_store.h"

#include <algorithm>

namespace schoolgate::tls {

void TicketStore::put(const std::string& key, SessionHandle ticket, TimePoint now, TimePoint not_after) {
  const TimePoint until = std::min(now + limits_.age, not_after);
  if (until <= now || limits_.total == 0 || limits_.per_site == 0) return;
  if (by_key_.count(key) >= limits_.per_site) {
    const auto [first, last] = by_key_.equal_range(key);
    auto oldest = first;
    for (auto at = first; at != last; ++at)
      if (at->second->order < oldest->second->order) oldest = at;
    remove(oldest->second);
    ++counters_.evicted;
  } else if (tickets_.size() >= limits_.total) {
    remove(tickets_.begin());
    ++counters_.evicted;
  }
  tickets_.push_back({key, std::move(ticket), until, ++last_order_});
  by_key_.emplace(key, std::prev(tickets_.end()));
  ++counters_.stored;
}

SessionHandle TicketStore::take(const std::string& key, TimePoint now) {
  for (;;) {
    const auto [first, last] = by_key_.equal_range(key);
    if (first == last) return nullptr;
    auto youngest = first;
    for (auto at = first; at != last; ++at)
      if (at->second->order > youngest->second->order) youngest = at;
    const bool good = youngest->second->until > now;
    SessionHandle ticket = std::move(youngest->second->session);
    remove(youngest->second);
    ++(good ? counters_.taken : counters_.expired);
    if (good) return ticket;
  }
}

void TicketStore::clear() noexcept {
  by_key_.clear();
  tickets_.clear();
}

void TicketStore::remove(Tickets::iterator ticket) {
  const auto [first, last] = by_key_.equal_range(ticket->key);
  for (auto at = first; at != last; ++at) {
    if (at->second != ticket) continue;
    by_key_.erase(at);
    break;
  }
  tickets_.erase(ticket);
}

}  // namespace schoolgate::tls
