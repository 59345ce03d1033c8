#include "proxy/flow/coalescing.h"

#include <algorithm>

#include "proxy/flow/h2_upstream.h"
#include "proxy/flow/inside.h"
#include "proxy/flow/worker.h"
#include "proxy/tls/session.h"

namespace schoolgate::flow {

std::optional<bool> CertificateNames::other_answers(std::string_view host, const rules::PolicySnapshot& policy,
                                                    const rules::Subject& subject, std::uint64_t when, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(host);
  if (found == known_.end() || found->second.learned + kGoodFor < now) return std::nullopt;
  Known& known = found->second;
  if (known.others.empty()) return false;
  if (known.when != when) known.by_group.clear();
  known.when = when;
  if (known.by_group.size() <= subject.group) known.by_group.resize(subject.group + 1u, -1);
  std::int8_t& answer = known.by_group[subject.group];
  if (answer < 0)
    answer = std::ranges::any_of(known.others, [&](const names::Host& other) {
      const auto request = rules::Request::of_host(other, 443, "TLS");
      const rules::Verdict verdict = policy.decide(subject, request, rules::Stage::client_hello, now);
      return verdict.action != rules::Action::allow || verdict.inspect;
    });
  return answer > 0;
}

void CertificateNames::learn(std::string_view host, const std::vector<std::string>& names, TimePoint now) {
  Known known{.others = {}, .learned = now, .when = 0, .by_group = {}};
  for (std::string_view name : names) {
    if (name.starts_with("*.")) name.remove_prefix(2);  // of what a wildcard covers, the rules know the parent
    auto other = names::Host::parse(name);
    if (!other || other->address() || other->text() == host || known.others.size() == kMostNames) continue;
    known.others.push_back(std::move(*other));
  }
  const std::scoped_lock lock(mutex_);
  if (known_.size() >= kMostHosts)
    known_.erase(std::ranges::min_element(known_, {}, [](const auto& entry) { return entry.second.learned; }));
  known_.insert_or_assign(std::string(host), std::move(known));
}

net::awaitable<bool> serves_other_answers(Connection& connection, const NamedHello& hello, const Judgement& judgement,
                                          const Decrypting& what) {
  Worker& worker = connection.worker;
  if (!hello.offers_h2 || !Worker::may_open(judgement, what.inspection)) co_return false;
  const std::shared_ptr<CertificateNames> names = what.inspection->names;
  const auto minute =
      std::uint64_t(std::chrono::floor<std::chrono::minutes>(judgement.time.time_since_epoch()).count());
  const std::uint64_t when = worker.policy_generation() << 32 ^ minute;
  const auto answer = [&] {
    return names->other_answers(what.host.text(), *judgement.policy, judgement.subject, when, judgement.time);
  };
  if (const auto known = answer()) co_return *known;

  static constexpr std::string_view kProtocols[] = {"h2", "http/1.1"};
  connection.client.clear_deadline();  // it waits for the web site, not we for it
  auto reached = co_await dial_verified(worker, what.to, what.host, kProtocols);
  std::vector<std::string> covered;
  // Without HTTP/2, or without a certificate that a browser would take, nothing is shared.
  if (reached && reached->protocol == "h2")
    if (const auto* session = dynamic_cast<const tls::Session*>(reached->socket.layer()))
      covered = session->peer_names();
  names->learn(what.host.text(), covered, judgement.time);
  const bool opens = answer().value_or(false);
  if (!covered.empty() && opens) {
    const Inside inside{.host = what.host, .port = what.port, .to = what.to};
    H2Upstream::start(worker, std::move(reached->socket),
                      pool_key(inside, reached->trust));  // who decrypts finds it there
  }
  co_return opens;
}

}  // namespace schoolgate::flow
