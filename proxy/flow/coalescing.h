// Whether a connection that would stay closed can serve other sites as well.
//
// A browser may send requests for every name of a certificate over the one HTTP/2 connection that it has (RFC 9113
// section 9.1.1). Where another name of the certificate has another answer than the one that was asked for, a relayed
// connection would lead past the rules (TLS-27): such hosts are opened too. TLS 1.3 hides the certificate from us, so
// it is fetched, once per host and half a day, before the first HTTP/2 connection to it is relayed. Only where the
// firewall turns connections to us: through an explicit proxy a browser keeps each host's requests to the tunnel of
// that host.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "names/host.h"
#include "proxy/flow/decrypt.h"
#include "proxy/net/asio.h"
#include "rules/snapshot.h"

namespace schoolgate::flow {

/// What certificates were seen to cover. Thread-safe, bounded; part of Inspection, shared by the workers.
class CertificateNames {
 public:
  /// Whether a certificate known for `host` covers a name that the policy answers otherwise than by letting it pass
  /// unseen; nothing when none is known. `when` names policy and minute: the answer is kept for as long as it is the
  /// same.
  [[nodiscard]] std::optional<bool> other_answers(std::string_view host, const rules::PolicySnapshot& policy,
                                                  const rules::Subject& subject, std::uint64_t when, TimePoint now);
  void learn(std::string_view host, const std::vector<std::string>& names, TimePoint now);

 private:
  static constexpr std::size_t kMostHosts = 20'000, kMostNames = 200;
  static constexpr auto kGoodFor = std::chrono::hours(12);
  struct Known {
    std::vector<names::Host> others;
    TimePoint learned;
    std::uint64_t when = 0;
    std::vector<std::int8_t> by_group;  ///< -1: not judged yet
  };
  std::mutex mutex_;
  std::map<std::string, Known, std::less<>> known_;
};

/// True when the host of this ClientHello must be opened for that reason. `judgement` let it pass unopened.
net::awaitable<bool> serves_other_answers(Connection& connection, const NamedHello& hello, const Judgement& judgement,
                                          const Decrypting& what);

}  // namespace schoolgate::flow
