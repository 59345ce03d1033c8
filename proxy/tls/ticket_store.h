// TLS 1.3 tickets of verified sites, so that the next handshake need not verify again.
//
// Resuming skips verification: so a ticket is filed under all that the verification stood for (host, port, trust
// generation, ALPN offered), used once, kept in memory only, for an hour at most and never beyond the site's
// certificate. One per worker, on its thread; sessions share it, as tickets come whenever the server likes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "proxy/tls/handles.h"

namespace schoolgate::tls {

struct TicketLimits {
  std::size_t total = 1024;
  std::size_t per_site = 32;  ///< about as many as are dialled at once while a class opens the same site
  std::chrono::seconds age{3600};
};
struct TicketCounters {
  std::uint64_t stored = 0, taken = 0, expired = 0, evicted = 0;
};

class TicketStore {
 public:
  explicit TicketStore(TicketLimits limits = {}) : limits_(limits) {}

  /// Files a ticket until `not_after` at most; the oldest of its site, then of all, gives way.
  void put(const std::string& key, SessionHandle ticket, TimePoint now, TimePoint not_after);
  /// The youngest of this key that is still good, or null; it is gone from here.
  [[nodiscard]] SessionHandle take(const std::string& key, TimePoint now);
  void clear() noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return tickets_.size(); }
  [[nodiscard]] const TicketCounters& counters() const noexcept { return counters_; }

 private:
  struct Ticket {
    std::string key;
    SessionHandle session;
    TimePoint until;
    std::uint64_t order;  ///< of arrival
  };
  using Tickets = std::list<Ticket>;
  void remove(Tickets::iterator ticket);

  TicketLimits limits_;
  Tickets tickets_;  ///< oldest first
  std::unordered_multimap<std::string, Tickets::iterator> by_key_;
  std::uint64_t last_order_ = 0;
  TicketCounters counters_;
};

}  // namespace schoolgate::tls
