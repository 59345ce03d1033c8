// Whether a connection that stays closed to us can carry other sites as well.
//
// A browser may send requests for every name of a certificate over the one HTTP/2 connection that it has (RFC 9113
// section 9.1.1), wildcards included. Where the policy treats another name of the certificate otherwise than the one
// that was asked for, a relayed connection leads past the rules: such hosts are opened too. TLS 1.3 hides the
// certificate from us, so it is fetched, once per host and half a day, before the first HTTP/2 connection to it is
// relayed. What cannot be learned is dangerous until it is learned. Where nothing may be opened (inspection is off, the
// host is under `never`, the device takes no certificate of ours) the connection is relayed all the same: then the
// names are learned beside it, open connections end when another name of theirs is refused from now on, and
// `schoolgate inspect-report` names the hosts.
//
// Only where the firewall turns connections to us: through an explicit proxy a browser keeps each host's requests to
// the tunnel of that host.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "names/ip_address.h"
#include "proxy/net/asio.h"
#include "rules/siblings.h"

namespace schoolgate::flow {

struct Connection;
struct Decrypting;
struct Judgement;
struct NamedHello;
struct Tunnel;
class Worker;

/// What certificates were seen to cover. Thread-safe, bounded; shared by the workers, and outlives reloads.
class CertificateNames {
 public:
  struct Answer {
    rules::Treatment treatment = rules::Treatment::alike;  ///< of the name that is treated most strictly
    std::string name;                                      ///< that name; "(withheld)" when it is illegal
  };
  /// How the policy treats the other names of the certificate known for `host`; nothing when none is known, or only one
  /// that is too old. `when` names policy and minute: the answer is kept for as long as it is the same.
  [[nodiscard]] std::optional<Answer> others(std::string_view host, const rules::PolicySnapshot& policy,
                                             const rules::Subject& subject, std::uint64_t when, TimePoint now);
  /// The same for a connection that is open already: however old the knowledge is. Asked anew every time.
  [[nodiscard]] std::optional<Answer> others_of_open(std::string_view host, const rules::PolicySnapshot& policy,
                                                     const rules::Subject& subject, TimePoint now) const;
  /// The names themselves, for a connection that outlives what is remembered here; null when none are known. Immutable.
  struct Covered {
    std::vector<rules::CoveredName> others;
    bool more = false;  ///< names that were left out: too many
  };
  [[nodiscard]] std::shared_ptr<const Covered> covered(std::string_view host) const;
  /// How the policy treats these. Asked anew every time.
  [[nodiscard]] static Answer judge(const Covered& covered, const rules::PolicySnapshot& policy,
                                    const rules::Subject& subject, TimePoint now);
  void learn(std::string_view host, std::span<const std::string> names, TimePoint now);
  /// A look-up failed: the next one is due after a pause that grows from a second to a minute.
  void failed(std::string_view host, TimePoint now);
  [[nodiscard]] bool look_up_is_due(std::string_view host, TimePoint now) const;
  /// Claims a look-up for `client` beside a connection that does not wait for it; learn() or failed() has to follow.
  /// False when none is due, when one is under way, or when there are too many, in all or of this client.
  [[nodiscard]] bool begin_look_up_beside(std::string_view host, const names::IpAddress& client, TimePoint now);

  /// A connection to `host` was relayed although it can carry `sibling`, which is refused.
  void note_unwatched(std::string_view host, std::string_view sibling);
  struct Unwatched {
    std::string host, sibling;
  };
  /// By host. For check and inspect-report.
  [[nodiscard]] std::vector<Unwatched> unwatched() const;
  /// All names of the certificate last seen at `host`; empty when none was.
  [[nodiscard]] std::vector<std::string> names_of(std::string_view host) const;

 private:
  static constexpr std::size_t kMostHosts = 20'000, kMostNames = 200, kMostFailures = 4'000;
  static constexpr std::size_t kMostBeside = 64, kMostBesideOfOne = 16;
  static constexpr auto kGoodFor = std::chrono::hours(12);
  static constexpr auto kLongestPause = std::chrono::seconds(60);
  struct Known {
    std::shared_ptr<const Covered> covered;
    std::optional<TimePoint> learned;  ///< nothing where only `unwatched` is kept
    std::string unwatched;
    std::uint64_t when = 0;
    std::vector<std::optional<Answer>> by_group;
  };
  struct Failure {
    TimePoint next_try;
    std::chrono::seconds pause{0};
  };
  [[nodiscard]] static bool is_fresh(const Known& known, TimePoint now) noexcept;
  [[nodiscard]] bool is_due(std::string_view host, TimePoint now) const;
  Known& entry(std::string_view host);

  mutable std::mutex mutex_;
  std::map<std::string, Known, std::less<>> known_;
  /// Look-ups that failed. Apart, so that names that a client makes up push out nothing that was learned.
  std::map<std::string, Failure, std::less<>> failures_;
  std::map<std::string, names::IpAddress, std::less<>> beside_;  ///< under way, by client: an address, or its /64
};

/// True when the host of this ClientHello must be opened for what else its connection could carry. `judgement` let it
/// pass unopened.
net::awaitable<bool> carries_other_sites(Connection& connection, const NamedHello& hello, const Judgement& judgement,
                                         const Decrypting& what);

/// For a connection that is relayed, of which `judgement` is the newest: true when what else it can carry was not
/// refused when it began, and is now, or when it would be opened for that if it began now.
[[nodiscard]] bool carries_what_is_refused_now(Worker& worker, const Tunnel& tunnel, const Judgement& judgement);

}  // namespace schoolgate::flow
