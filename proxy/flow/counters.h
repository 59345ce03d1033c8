// What a worker counts. Only the worker writes, the metrics page reads: relaxed atomics, no contention.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "rules/policy_spec.h"
#include "rules/request.h"

namespace schoolgate::flow {

/// One writer, any reader. A plain load and store: there is no second writer to lose an increment to.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) noexcept { add(std::uint64_t(0) - n); }
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Why a request could not be served by the web site.
enum class UpstreamFault : std::uint8_t {
  name,
  connect,
  timeout,
  protocol,
  refused_destination,
  loop,
  certificate,
  handshake
};
inline constexpr std::array<const char*, 8> kUpstreamFaultNames{
    "name", "connect", "timeout", "protocol", "refused_destination", "loop", "certificate", "handshake"};

/// The outcomes of logins to the explicit proxy.
enum class ProxyAuth : std::uint8_t { accepted, refused, unavailable, challenged };
inline constexpr std::array<const char*, 4> kProxyAuthNames{"accepted", "refused", "unavailable", "challenged"};

/// Upper bounds of the decide_seconds histogram, in nanoseconds.
inline constexpr std::array<std::uint64_t, 8> kDecideBounds{250, 500, 1'000, 2'500, 5'000, 10'000, 50'000, 1'000'000};

struct Counters {
  Counter connections_open, connections_total;
  Counter shed_global, shed_client;  ///< connections refused by a cap
  Counter shed_streams, shed_bytes;  ///< HTTP/2 streams refused or ended: the client had its sum
  Counter asked_anew;                ///< requests that a web site had surely not looked at, sent once more
  std::array<std::array<Counter, 5>, 4> requests;  ///< [action][stage]
  std::array<Counter, kUpstreamFaultNames.size()> upstream_errors;
  Counter malformed;                                       ///< answered 400, 405, 414, 417, 431, 501, 505
  Counter unnamed;                                         ///< TLS connections that named no host
  Counter spliced;                                         ///< tunnels relayed without looking inside
  Counter inspected;                                       ///< TLS connections opened, and inside them
  Counter leaf_refused;                                    ///< clients that did not accept our certificate
  Counter rejudged_closed;                                 ///< tunnels ended because the policy changed
  Counter of_people;                                       ///< decisions on requests of a known person
  std::array<Counter, kProxyAuthNames.size()> proxy_auth;  ///< challenged: 407 was answered
  Counter sign_in_redirects;                               ///< sent or pointed to the sign-in page
  Counter captive_probes;                                  ///< of operating systems, answered with success
  Counter allowance_blocks;                                ///< refused because the day's minutes are used up
  Counter not_durable;                                     ///< refusals sent before their record was on disk
  std::array<Counter, kDecideBounds.size() + 1> decide;    ///< histogram; the last is +Inf
  Counter decide_nanoseconds;

  void count_decision(rules::Action action, rules::Stage stage, std::uint64_t nanoseconds) noexcept {
    requests[std::size_t(action)][std::size_t(stage)].add();
    std::size_t bucket = 0;
    while (bucket < kDecideBounds.size() && nanoseconds > kDecideBounds[bucket]) ++bucket;
    decide[bucket].add();
    decide_nanoseconds.add(nanoseconds);
  }
};

}  // namespace schoolgate::flow
