#include "proxy/flow/coalescing.h"

#include <algorithm>
#include <array>

#include "proxy/flow/decrypt.h"
#include "proxy/flow/h2_upstream.h"
#include "proxy/flow/inside.h"
#include "proxy/flow/tunnel.h"
#include "proxy/flow/worker.h"
#include "proxy/tls/handshake.h"
#include "proxy/tls/session.h"

namespace schoolgate::flow {
namespace {

using rules::Treatment;

constexpr std::array<std::string_view, 2> kProtocols = {"h2", "http/1.1"};
constexpr std::string_view kWithheld = "(withheld)";

/// Policy and minute: as long as they are the same, so is the answer for a group.
std::uint64_t moment(Worker& worker, const Judgement& judgement) {
  const auto minute =
      std::uint64_t(std::chrono::floor<std::chrono::minutes>(judgement.time.time_since_epoch()).count());
  return worker.asking().policy_generation() << 32 ^ minute;
}

struct Seen {
  bool reached = false;            ///< a certificate was shown, whoever vouches for it
  std::vector<std::string> names;  ///< of the certificate; empty where HTTP/2 is not spoken: nothing is shared
  std::optional<net::Socket> verified_h2;
  std::uint64_t trust = 0;  ///< the trust store that it was verified by
};

/// The certificate that the web site shows. One that cannot be verified counts too: a browser may know more than we.
net::awaitable<Seen> look_up(Worker& worker, Destination to, names::Host name) {
  Seen seen;
  Held<tls::UpstreamContext> context = worker.outbound().tls();
  if (!context) context = worker.outbound().unbelieving_tls();
  if (!context) co_return seen;
  auto dialled = co_await dial(worker, to);
  if (!dialled) co_return seen;
  dialled->expire_after(worker.limits().connect);
  auto facts = co_await tls::connect(*dialled, *context, name.text(), to.port, kProtocols);
  if (!facts) {
    seen.names = std::move(facts.error().names);
    seen.reached = !seen.names.empty();
    co_return seen;
  }
  seen.reached = true;
  if (facts->alpn != "h2") co_return seen;
  if (const auto* session = dynamic_cast<const tls::Session*>(dialled->layer())) seen.names = session->peer_names();
  seen.verified_h2 = std::move(*dialled);
  seen.trust = context->trust().generation();
  co_return seen;
}

void keep(Worker& worker, std::string_view host, const Seen& seen) {
  CertificateNames& names = worker.gateway().certificate_names;
  if (seen.reached)
    names.learn(host, seen.names, wall_now());
  else
    names.failed(host, wall_now());
}

/// Whose share of the look-ups it is: a device has a /64 of IPv6 to choose from.
names::IpAddress share_of(const names::IpAddress& client) {
  if (client.is_v4()) return client;
  std::array<std::uint8_t, 16> network = client.bytes();
  std::fill(network.begin() + 8, network.end(), 0);
  return names::IpAddress::v6(network);
}

/// Beside a connection that cannot be opened: what it can carry is good to know all the same.
net::awaitable<void> learn_beside(Worker& worker, Destination to, names::Host name) {
  const Seen seen = co_await look_up(worker, std::move(to), name);
  keep(worker, name.text(), seen);
}

}  // namespace

bool CertificateNames::is_fresh(const Known& known, TimePoint now) noexcept {
  // Learned in the future: the clock was wrong then, or is now.
  return known.learned && now - *known.learned <= kGoodFor && *known.learned - now <= std::chrono::minutes(5);
}

CertificateNames::Answer CertificateNames::judge(const Covered& known, const rules::PolicySnapshot& policy,
                                                 const rules::Subject& subject, TimePoint now) {
  Answer worst;
  if (known.more) worst = {.treatment = Treatment::opened, .name = "more names than are kept"};
  for (const rules::CoveredName& name : known.others) {
    const rules::CoveredAnswer answer = rules::treatment_of(policy, subject, name, now);
    if (answer.treatment <= worst.treatment) continue;
    worst = {.treatment = answer.treatment, .name = answer.sealed ? std::string(kWithheld) : name.text()};
    if (worst.treatment == Treatment::refused) break;
  }
  return worst;
}

std::optional<CertificateNames::Answer> CertificateNames::others(std::string_view host,
                                                                 const rules::PolicySnapshot& policy,
                                                                 const rules::Subject& subject, std::uint64_t when,
                                                                 TimePoint now) {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(host);
  if (found == known_.end() || !is_fresh(found->second, now)) return std::nullopt;
  Known& known = found->second;
  if (known.covered->others.empty() && !known.covered->more) return Answer{};
  if (rules::treats_by_address(policy)) return judge(*known.covered, policy, subject, now);
  if (known.when != when) known.by_group.clear();
  known.when = when;
  if (known.by_group.size() <= subject.group) known.by_group.resize(subject.group + 1u);
  auto& kept = known.by_group[subject.group];
  if (!kept) kept = judge(*known.covered, policy, subject, now);
  return kept;
}

std::optional<CertificateNames::Answer> CertificateNames::others_of_open(std::string_view host,
                                                                         const rules::PolicySnapshot& policy,
                                                                         const rules::Subject& subject,
                                                                         TimePoint now) const {
  const std::shared_ptr<const Covered> known = covered(host);
  return known ? std::optional(judge(*known, policy, subject, now)) : std::nullopt;
}

std::shared_ptr<const CertificateNames::Covered> CertificateNames::covered(std::string_view host) const {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(host);
  return found == known_.end() ? nullptr : found->second.covered;
}

CertificateNames::Known& CertificateNames::entry(std::string_view host) {
  if (const auto found = known_.find(host); found != known_.end()) return found->second;
  if (known_.size() >= kMostHosts)
    known_.erase(std::ranges::min_element(known_, {}, [](const auto& each) { return each.second.learned; }));
  return known_[std::string(host)];
}

void CertificateNames::learn(std::string_view host, std::span<const std::string> names, TimePoint now) {
  const auto covered = std::make_shared<Covered>();
  for (const std::string& name : names) {
    auto other = rules::covered_name(name);
    if (!other || (!other->wildcard && other->host.text() == host)) continue;
    covered->more = covered->others.size() == kMostNames;
    if (covered->more) break;
    covered->others.push_back(std::move(*other));
  }
  const std::scoped_lock lock(mutex_);
  Known& known = entry(host);
  known.covered = covered;
  known.learned = now;
  known.by_group.clear();
  if (const auto failed = failures_.find(host); failed != failures_.end()) failures_.erase(failed);
  if (const auto claimed = beside_.find(host); claimed != beside_.end()) beside_.erase(claimed);
}

void CertificateNames::failed(std::string_view host, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  auto failure = failures_.find(host);
  if (failure == failures_.end()) {
    if (failures_.size() >= kMostFailures)
      std::erase_if(failures_, [now](const auto& each) { return each.second.next_try <= now; });
    if (failures_.size() >= kMostFailures) failures_.erase(failures_.begin());
    failure = failures_.emplace(host, Failure{}).first;
  }
  failure->second.pause = std::clamp(failure->second.pause * 2, std::chrono::seconds(1), kLongestPause);
  failure->second.next_try = now + failure->second.pause;
  if (const auto claimed = beside_.find(host); claimed != beside_.end()) beside_.erase(claimed);
}

bool CertificateNames::look_up_is_due(std::string_view host, TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  return is_due(host, now);
}

bool CertificateNames::begin_look_up_beside(std::string_view host, const names::IpAddress& client, TimePoint now) {
  const names::IpAddress share = share_of(client);
  const std::scoped_lock lock(mutex_);
  if (beside_.size() >= kMostBeside || !is_due(host, now)) return false;
  const auto taken = std::ranges::count_if(beside_, [&](const auto& each) { return each.second == share; });
  return std::size_t(taken) < kMostBesideOfOne && beside_.emplace(host, share).second;
}

bool CertificateNames::is_due(std::string_view host, TimePoint now) const {
  if (const auto found = known_.find(host); found != known_.end() && is_fresh(found->second, now)) return false;
  const auto failed = failures_.find(host);
  if (failed == failures_.end()) return true;
  const TimePoint next = failed->second.next_try;
  return next <= now || next - now > kLongestPause;  // far off: the clock was set back
}

void CertificateNames::note_unwatched(std::string_view host, std::string_view sibling) {
  const std::scoped_lock lock(mutex_);
  entry(host).unwatched = sibling;
}

std::vector<CertificateNames::Unwatched> CertificateNames::unwatched() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Unwatched> out;
  for (const auto& [host, known] : known_)
    if (!known.unwatched.empty()) out.push_back({host, known.unwatched});
  return out;
}

std::vector<std::string> CertificateNames::names_of(std::string_view host) const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> out;
  if (const auto found = known_.find(host); found != known_.end())
    if (const auto& covered = found->second.covered)
      for (const rules::CoveredName& name : covered->others) out.push_back(name.text());
  return out;
}

net::awaitable<bool> carries_other_sites(Connection& connection, const NamedHello& hello, const Judgement& judgement,
                                         const Decrypting& what) {
  Worker& worker = connection.worker;
  if (!hello.offers_h2 || what.host.address()) co_return false;
  CertificateNames& names = worker.gateway().certificate_names;
  const std::string& host = what.host.text();
  const std::uint64_t when = moment(worker, judgement);
  const auto known = [&] { return names.others(host, *judgement.policy, judgement.subject, when, judgement.time); };
  std::optional<CertificateNames::Answer> answer = known();

  if (!may_open(judgement, what.inspection)) {
    if (!answer && names.begin_look_up_beside(host, connection.peer.address, judgement.time))
      net::asio::co_spawn(worker.executor(), learn_beside(worker, what.to, what.host), net::asio::detached);
    if (answer && answer->treatment == Treatment::refused) names.note_unwatched(host, answer->name);
    co_return false;
  }
  Seen seen;
  if (!answer && names.look_up_is_due(host, judgement.time)) {
    connection.client.clear_deadline();  // it waits for the web site, not we for it
    seen = co_await look_up(worker, what.to, what.host);
    keep(worker, host, seen);
    answer = known();
  }
  const bool opens = !answer || answer->treatment != Treatment::alike;
  if (opens && seen.verified_h2) {
    const Inside inside{.host = what.host, .port = what.port, .to = what.to};
    H2Upstream::start(worker, std::move(*seen.verified_h2), pool_key(inside, seen.trust));  // found by who decrypts
  }
  co_return opens;
}

bool carries_what_is_refused_now(Worker& worker, const Tunnel& tunnel, const Judgement& judgement) {
  if (tunnel.carries != Carries::shared_tls) return false;
  CertificateNames& names = worker.gateway().certificate_names;
  const std::string_view host = tunnel.request.url().host();
  const auto answer =
      names.others(host, *judgement.policy, judgement.subject, moment(worker, judgement), judgement.time);
  if (may_open(judgement, worker.asking().inspection())) {
    // What has grown too old is learned anew when the next connection begins; it still says what is refused.
    if (answer) return answer->treatment != Treatment::alike;
    std::shared_ptr<const CertificateNames::Covered> covered = names.covered(host);
    if (!covered) covered = tunnel.covered;  // forgotten for want of room: not unknown
    return !covered ||
           CertificateNames::judge(*covered, *judgement.policy, judgement.subject, judgement.time).treatment !=
               Treatment::alike;
  }
  if (!answer || answer->treatment != Treatment::refused) return false;
  names.note_unwatched(host, answer->name);
  // It was let go although this name was refused already, or it was not: then whoever wants that name has to ask anew.
  const Judgement& then = tunnel.judgement;
  const auto before = names.others_of_open(host, *then.policy, then.subject, then.time);
  return before && before->treatment != Treatment::refused;
}

}  // namespace schoolgate::flow
