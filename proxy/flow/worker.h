// A worker: one thread, one io_context, its own listeners; a connection never leaves it.
//
// Owns everything that a connection touches on its way: buffers, deadlines, resolver, dialer, upstream pool, decision
// buffer, counters. What it shares with other workers comes in through Gateway and is thread-safe or immutable.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/held.h"
#include "breaches/breach_log.h"
#include "breaches/decision_log.h"
#include "proxy/flow/allowances.h"
#include "proxy/flow/authenticator.h"
#include "proxy/flow/category_counts.h"
#include "proxy/flow/client_table.h"
#include "proxy/flow/coalescing.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/counters.h"
#include "proxy/flow/drain.h"
#include "proxy/flow/flow_settings.h"
#include "proxy/flow/inspection.h"
#include "proxy/flow/issuer_fetcher.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/live_list.h"
#include "proxy/flow/long_lived.h"
#include "proxy/flow/pages.h"
#include "proxy/flow/portal_visits.h"
#include "proxy/flow/proxy_login.h"
#include "proxy/flow/selftest_connections.h"
#include "proxy/flow/sign_in_gate.h"
#include "proxy/flow/tunnel.h"
#include "proxy/flow/warning_passes.h"
#include "proxy/http/message.h"
#include "proxy/net/asio.h"
#include "proxy/net/buffer_pool.h"
#include "proxy/net/deadlines.h"
#include "proxy/net/destination_guard.h"
#include "proxy/net/dialer.h"
#include "proxy/net/listener.h"
#include "proxy/net/resolver.h"
#include "proxy/net/upstream_pool.h"
#include "proxy/tls/upstream_context.h"
#include "rules/policy_store.h"
#include "rules/presence.h"

namespace schoolgate::flow {

struct H2Dial;
class H2Upstream;

/// What all workers of a gateway share. Made by app/, outlives them.
struct Gateway {
  FlowSettings settings;
  net::ResolverSettings resolver;
  std::shared_ptr<const net::DestinationGuard> guard;
  net::DialerSettings dialer;
  rules::PolicyStore& policy;
  breaches::BreachLog& breaches;
  breaches::DecisionLog* decisions = nullptr;  ///< null: none is kept
  const Pages& pages;
  WarningPasses passes;
  ClientTable clients;
  CategoryCounts categories;                        ///< of the breach records filed
  const rules::PresenceStore* presences = nullptr;  ///< null: nobody is known
  Authenticator* authenticator = nullptr;           ///< null: clients of the explicit proxy are not asked
  std::shared_ptr<const SignInGate> sign_in;        ///< null: nobody has to sign in; later ones by Worker::use()
  Allowances allowances{};
  CertificateNames certificate_names{};
  std::unique_ptr<IssuerFetcher> issuers = nullptr;  ///< null: what a site forgets to send is not fetched
  PortalVisits portal_visits{};
  SelftestConnections selftests{};
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint32_t> workers{0}, drained_workers{0};  ///< all, and those that drain and wait for nothing more
};

/// The two heads of an exchange: large, so held only while one is under way.
struct Heads {
  http::RequestHead request;
  http::ResponseHead response;
};

class Worker {
 public:
  /// Binds the listeners. Fault host or config.
  [[nodiscard]] static Result<std::unique_ptr<Worker>> make(Gateway& gateway);
  ~Worker();

  void start();
  /// Thread-safe. Lets requests that run finish, at most for Limits::drain, and goes on accepting meanwhile; then stops
  /// the thread (drain.h). Every worker of the gateway has to be told: they close together.
  void drain();
  void join();

  /// Thread-safe: from now on connections are opened with this, or not at all when it is null; those that are being
  /// opened keep what they began with. What was verified by another trust store is not used again.
  void use(std::shared_ptr<const Inspection> inspection);

  /// Thread-safe: from now on devices sign in there, or nowhere when it is null.
  void use(std::shared_ptr<const SignInGate> gate);

  /// Where the listeners are, in the order of FlowSettings::listen; a port 0 there is the port that was taken.
  [[nodiscard]] std::vector<net::Endpoint> listening() const;

  /// Thread-safe.
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  /// Thread-safe: 0 once the loop has run since the last call, else how often it was asked without an answer.
  [[nodiscard]] std::uint32_t missed_heartbeats() noexcept;

  // For the connections of this worker, on its thread.

  /// Who is there, by the connection's own login, else by its address where that login does not speak against it; null
  /// when nothing is known. One compare where no
  /// presence has changed since it was last asked.
  [[nodiscard]] std::shared_ptr<const rules::Presence> presence_of(Connection& connection);
  /// Counts the request, marks the person as active, and takes a minute of their allowance where there is one.
  [[nodiscard]] Judgement judge(Connection& connection, const rules::Request& request, rules::Stage stage);
  /// The same for what is already running: not counted as another request, nor as activity.
  [[nodiscard]] Judgement judge_again(Connection& connection, const rules::Request& request, rules::Stage stage);
  /// True when the policy, or what is known of the client, has changed since: what waited in between (for a dial, a
  /// look-up, the client's next bytes) is judged again before it goes on.
  [[nodiscard]] bool is_outdated(Connection& connection, const Judgement& judgement);
  /// For the name of the sign-in page: allowed whoever asks, but for what is illegal.
  [[nodiscard]] Judgement judge_portal(Connection& connection, const rules::Request& request, rules::Stage stage);
  /// What was let through by `judgement` moved bytes in the minute of `when`.
  void note_activity(const Judgement& judgement, TimePoint when);
  /// Has credentials judged; `unavailable` after kVerificationLimit. Never throws, whenever the answer comes.
  [[nodiscard]] net::awaitable<Authenticator::Answer> authenticate(const names::IpAddress& client,
                                                                   std::string credentials);
  // What a reload replaces is handed out held (base/held.h): a coroutine keeps its own copy across every co_await.

  /// Null when nobody has to sign in.
  [[nodiscard]] Held<const SignInGate> sign_in_gate() const noexcept { return sign_in_; }
  /// Dials the portal itself, past the guard that keeps everybody else from this machine. Null without a gate.
  [[nodiscard]] Held<net::Dialer> portal_dialer() const noexcept { return portal_dialer_; }
  /// What a response's head adds: the judgement that refuses it (a download that the group may not have), if any.
  [[nodiscard]] std::optional<Judgement> refuses_answer(const Judgement& judgement, const rules::Request& request,
                                                        const rules::ResponseFacts& facts);
  /// The policy now in force.
  [[nodiscard]] std::shared_ptr<const rules::PolicySnapshot> policy() { return policy_.current(); }
  /// True when this host may be decrypted at all: there is an authority, and nothing says never. By `inspection` where
  /// a connection has held one since it was first judged, else by what is in force now.
  [[nodiscard]] static bool may_open(const Judgement& judgement, const Held<const Inspection>& inspection) noexcept;
  [[nodiscard]] bool may_open(const Judgement& judgement) const noexcept { return may_open(judgement, inspection()); }
  /// True when it is to be: a rule could change the verdict if it saw more than the name, or a warning has a page to
  /// show.
  [[nodiscard]] static bool opens(const Judgement& judgement, const Held<const Inspection>& inspection) noexcept;
  [[nodiscard]] bool opens(const Judgement& judgement) const noexcept { return opens(judgement, inspection()); }
  /// A certificate for `host` from this generation's mint: from its cache, or minted now.
  [[nodiscard]] net::awaitable<Result<std::shared_ptr<const tls::Leaf>>> leaf(Held<const Inspection> inspection,
                                                                              std::string host, tls::LeafFor what);
  /// Null when nothing is to be decrypted.
  [[nodiscard]] Held<const Inspection> inspection() const noexcept { return inspection_; }
  /// How web sites are verified. Null until there was an inspection; stays when it is switched off, for the connections
  /// that were opened before and go on to their end.
  [[nodiscard]] Held<tls::UpstreamContext> upstream_tls() const noexcept { return upstream_tls_; }
  /// Which trust store that is: part of the key of every connection that was verified (upstream.h); 0 for none.
  [[nodiscard]] std::uint64_t trust() const noexcept { return upstream_tls_ ? upstream_tls_->trust().generation() : 0; }
  /// To see certificates where nothing is decrypted: it believes none. Null when memory was short at the start.
  [[nodiscard]] Held<tls::UpstreamContext> unbelieving_tls() const noexcept { return unbelieving_tls_; }
  [[nodiscard]] std::uint64_t policy_generation() const noexcept { return policy_.generation(); }
  /// Files a record and waits until it is on disk (or the log says that it could not be in time).
  [[nodiscard]] net::awaitable<breaches::Receipt> record(breaches::Breach breach);
  /// Files a record without waiting.
  void record_later(breaches::Breach breach);
  /// One line of the decision log.
  struct Outcome {
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::chrono::steady_clock::duration took{};
    std::string_view action{}, rule{};  ///< in the place of the verdict's, for what the gateway decided by itself
    std::string_view reference{};       ///< the number on the page that was shown; empty for none
  };
  void log_decision(const Judgement& judgement, const rules::Request& request, const Outcome& outcome);
  /// A decision that the policy had no part in: a destination refused, a connection without a name.
  void log_refusal(Connection& connection, std::string_view host, rules::Stage stage, std::string_view rule);
  /// A page with a number that is no refusal of the policy's: a fault, a certificate, the way to sign in. `rule` names
  /// which.
  void log_page(Connection& connection, std::string_view host, std::string_view rule, std::string_view reference);

  [[nodiscard]] Gateway& gateway() noexcept { return gateway_; }
  [[nodiscard]] const FlowSettings& settings() const noexcept { return gateway_.settings; }
  [[nodiscard]] const Limits& limits() const noexcept { return gateway_.settings.limits; }
  [[nodiscard]] net::Executor executor() noexcept { return context_.get_executor(); }
  [[nodiscard]] net::BufferPool& buffers() noexcept { return buffers_; }
  [[nodiscard]] net::DeadlineList& deadlines() noexcept { return deadlines_; }
  [[nodiscard]] net::Resolver& resolver() noexcept { return *resolver_; }
  [[nodiscard]] net::Dialer& dialer() noexcept { return dialer_; }
  [[nodiscard]] net::UpstreamPool& pool() noexcept { return pool_; }
  [[nodiscard]] Counters& counters() noexcept { return counters_; }
  /// HTTP/2 connections to web sites that are open, by pool_key().
  [[nodiscard]] std::unordered_map<std::string, std::weak_ptr<H2Upstream>>& h2_upstreams() noexcept { return h2_; }
  /// Dials for such connections, by the same key.
  [[nodiscard]] std::unordered_map<std::string, std::weak_ptr<H2Dial>>& h2_dials() noexcept { return h2_dials_; }
  /// The one for this key that is still there; null when there is none.
  [[nodiscard]] std::shared_ptr<H2Upstream> open_h2(const std::string& key) const {
    const auto known = h2_.find(key);
    return known == h2_.end() ? nullptr : known->second.lock();
  }
  [[nodiscard]] LiveList<LongLived>& long_lived() noexcept { return long_lived_; }
  [[nodiscard]] LiveList<Connection>& connections() noexcept { return connections_; }
  [[nodiscard]] bool draining() const noexcept { return drain_.under_way(); }
  /// Takes what the kernel has queued, then closes the listeners.
  void stop_listening();
  /// The thread ends, with whatever still runs on it.
  void stop_loop();

  [[nodiscard]] std::unique_ptr<Heads> take_heads();
  void give_back(std::unique_ptr<Heads> heads);

 private:
  explicit Worker(Gateway& gateway);
  [[nodiscard]] Result<void> listen();
  void accept(net::Accepted accepted, Entrance entrance);
  net::awaitable<void> tick();
  friend struct Connection;
  void log_help(const Judgement& judgement);
  [[nodiscard]] Judgement decide(Connection& connection, const rules::Request& request, rules::Stage stage);
  [[nodiscard]] Judgement decide_for_stand_in(const Connection& connection, const rules::Request& request,
                                              rules::Stage stage);
  void use_gate(std::shared_ptr<const SignInGate> gate);
  void forget(Connection& connection);

  Gateway& gateway_;
  // Before the io_context: buffers and deadlines live in the frames that it destroys.
  net::BufferPool buffers_;
  net::DeadlineList deadlines_;
  Counters counters_;
  LiveList<LongLived> long_lived_;
  LiveList<Connection> connections_;
  std::vector<std::unique_ptr<Heads>> spare_heads_;
  std::unordered_map<std::string, std::weak_ptr<H2Upstream>> h2_;
  std::unordered_map<std::string, std::weak_ptr<H2Dial>> h2_dials_;
  net::asio::io_context context_{1};
  std::unique_ptr<net::Resolver> resolver_;
  net::Dialer dialer_;
  net::UpstreamPool pool_;
  std::shared_ptr<const Inspection> inspection_;
  std::shared_ptr<tls::UpstreamContext> upstream_tls_, unbelieving_tls_;
  rules::PolicyView policy_;
  rules::PresenceView presences_;
  std::shared_ptr<const SignInGate> sign_in_;
  std::shared_ptr<net::Dialer> portal_dialer_;
  breaches::DecisionBuffer decisions_;
  std::vector<std::shared_ptr<net::Listener>> listeners_;
  std::thread thread_;
  std::atomic<std::uint32_t> unanswered_{0};
  std::uint64_t judged_generation_ = 0;  ///< the policy by which what goes on was last judged
  std::uint64_t judged_presences_ = 0;   ///< and the people
  Drain drain_{*this};
};

}  // namespace schoolgate::flow
