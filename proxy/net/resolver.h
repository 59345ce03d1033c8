// Names to addresses: hosts files, a cache in front, c-ares behind.
//
// One per worker, on its io_context and thread; knows nothing of policy. A name in the cache costs nanoseconds and no
// coroutine; a name that is being asked for is asked once, however many wait; one client cannot have all the places of
// names that are asked for at once (fair_shares.h). Names are canonical (names::Host text).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/net/address_list.h"
#include "proxy/net/asio.h"
#include "proxy/net/deadlines.h"
#include "proxy/net/failure.h"

namespace schoolgate::net {

struct ResolverSettings {
  std::vector<std::string> servers;  ///< "192.0.2.53", "192.0.2.53:5353" or "[2001:db8::53]:53"; empty: the system's
  std::vector<std::filesystem::path> hosts_files{"/etc/hosts"};  ///< the first that has a name wins
  std::chrono::seconds deadline{5};                              ///< for the whole answer, to the second
  std::chrono::seconds shortest{5};  ///< bounds of how long an answer is kept, whatever its TTL says
  std::chrono::seconds longest{3600};
  std::chrono::seconds negative{10};  ///< how long "no such name" is kept
  std::chrono::seconds stale{3600};  ///< an expired answer of at most this age serves while the servers fail (RFC 8767)
  std::size_t entries = 20000;       ///< names kept
  std::size_t outstanding = 2000;    ///< names being asked for at once
  std::size_t addresses = 64;        ///< taken of one answer
};

struct ResolverCounters {
  std::uint64_t hits = 0, asked = 0, joined = 0, failed = 0, stale = 0;
  std::uint64_t refused = 0;  ///< all places were taken, or all that one client may have
};

class Resolver {
 public:
  /// Fault config when a server cannot be read, host when c-ares cannot start.
  [[nodiscard]] static Result<std::unique_ptr<Resolver>> make(Executor executor, DeadlineList& deadlines,
                                                              ResolverSettings settings);
  ~Resolver();

  /// An IP literal, a hosts file entry or a fresh cached answer. An empty list: known not to exist. Nothing: ask
  /// resolve().
  [[nodiscard]] std::optional<AddressList> cached(std::string_view name);
  /// cached(), or asks the servers for A and AAAA. At least one address, or why not.
  /// `client`: on whose behalf; nothing for the gateway's own questions.
  [[nodiscard]] awaitable<Attempt<AddressList>> resolve(std::string name,
                                                        std::optional<names::IpAddress> client = std::nullopt);

  /// Forgets every cached answer.
  void flush() noexcept;
  [[nodiscard]] const ResolverCounters& counters() const noexcept;

 private:
  class Impl;
  explicit Resolver(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace schoolgate::net
