#include "proxy/flow/admission.h"

#include <string_view>
#include <utility>

#include "proxy/flow/breach_of.h"
#include "proxy/flow/coalescing.h"
#include "proxy/flow/decrypt.h"
#include "proxy/flow/filing.h"
#include "proxy/flow/worker.h"

namespace schoolgate::flow {
namespace {

// The gate, where this request is for its page and may be led there.
Held<const SignInGate> gate_asked_for(const Connection& connection, const rules::Request& request, rules::Stage stage) {
  Held<const SignInGate> gate = connection.worker.asking().sign_in_gate();
  if (!gate || !gate->is_page(request.url().host())) return nullptr;
  bool leads_there = false;
  switch (stage) {
    case rules::Stage::request: leads_there = !connection.inside; break;
    case rules::Stage::connect:
      leads_there = connection.entrance == Entrance::explicit_proxy && request.url().port() == gate->page().port();
      break;
    case rules::Stage::client_hello: leads_there = connection.entrance == Entrance::transparent_tls; break;
    case rules::Stage::response:
    case rules::Stage::content: break;
  }
  return leads_there ? gate : nullptr;
}

// A probe that is answered with success: also where the policy lets the device reach no site that could answer.
const CaptiveProbe* answered_probe(const Judgement& judgement, const rules::Request& request) {
  const std::string_view method = request.method();
  if (method != "GET" && method != "HEAD") return nullptr;
  const rules::Tier tier = judgement.verdict.reason.tier;
  if (tier == rules::Tier::illegal || tier == rules::Tier::emergency) return nullptr;
  return captive_probe(request.url());
}

// The judged host, or the safe endpoint that stands in for it.
Destination destination_of(const Connection& connection, const Judgement& judgement, const rules::Request& request) {
  if (connection.inside) return {};
  const names::Url& url = request.url();
  Destination to{.host = std::string(judgement.policy->safe_endpoint(judgement.subject.group, url.host())),
                 .port = url.port(),
                 .client = connection.peer.address};
  if (to.host.empty()) to.host = url.address() ? url.address()->text() : url.host();
  return to;
}

// Everything that follows from a judgement.
Admission follow(Connection& connection, Judgement judged, const rules::Request& request, rules::Stage stage,
                 const TunnelTerms& terms) {
  Admission admission{.judgement = std::move(judged), .answer = Refused{}};
  const Judgement& judgement = admission.judgement;
  if (judgement.doorway != Doorway::open) {
    admission.answer = Door{};
    return admission;
  }
  if (stage == rules::Stage::request)
    if (const CaptiveProbe* probe = answered_probe(judgement, request)) {
      admission.answer = Probe{probe};
      return admission;
    }
  const bool openable = !terms.port_closed && may_open(judgement, terms.inspection);
  // What is refused by its name, and could only be shown over a certificate that none can sign, is refused at once.
  const bool unsigned_page = judgement.refuses() && openable && !terms.inspection->can_sign;
  if (openable && !unsigned_page && (terms.must_open || opens(judgement, terms.inspection)))
    admission.answer = Opened{destination_of(connection, judgement, request)};
  else if (judgement.refuses())
    return admission;
  else if (terms.port_closed)
    admission.answer = PortClosed{};
  else if (terms.must_open)
    admission.answer = NeverOpened{};
  else if (is_for_page(connection))
    admission.answer = AskAnew{};
  else
    admission.answer = Goes{destination_of(connection, judgement, request)};
  return admission;
}

Admission judge_and_follow(Connection& connection, const rules::Request& request, rules::Stage stage,
                           const TunnelTerms& terms) {
  if (Held<const SignInGate> gate = gate_asked_for(connection, request, stage))
    if (Judgement judgement = connection.worker.asking().judge_portal(connection, request, stage); !judgement.refuses())
      return {.judgement = std::move(judgement), .answer = ToPortal{std::move(gate)}};
  return follow(connection, connection.worker.asking().judge(connection, request, stage), request, stage, terms);
}

// Where a connection is opened each request inside has a record of its own.
void record_visit(Connection& connection, const Admission& admission, const rules::Request& request,
                  const http::Fields* fields) {
  if (!admission.as<Goes>() || admission.judgement.verdict.action != rules::Action::monitor) return;
  const CameBy came_by = fields ? CameBy::of(*fields) : CameBy{};
  file_later(connection.worker, breach_of(admission.judgement, request, came_by));
}

}  // namespace

Admission admit(Connection& connection, const rules::Request& request, rules::Stage stage, const http::Fields* fields,
                const TunnelTerms& terms) {
  if (connection.inside) connection.inside->unrecorded.reset();  // what is recorded now is what is asked
  Admission admission = judge_and_follow(connection, request, stage, terms);
  record_visit(connection, admission, request, fields);
  return admission;
}

net::awaitable<Admission> admit_hello(Connection& connection, const NamedHello& hello, const rules::Request& request,
                                      const names::Host& host, Held<const Inspection> inspection) {
  static constexpr rules::Stage kStage = rules::Stage::client_hello;
  Admission admission = judge_and_follow(connection, request, kStage, {.inspection = inspection});
  if (const Goes* goes = admission.as<Goes>()) {
    const Decrypting shared{host, request.url().port(), goes->to, std::move(inspection)};
    if (co_await carries_other_sites(connection, hello, admission.judgement, shared))
      admission.answer = Opened{shared.to};
  }
  record_visit(connection, admission, request, nullptr);
  co_return admission;
}

Admission admit_again(Connection& connection, const rules::Request& request, rules::Stage stage,
                      const TunnelTerms& terms) {
  return follow(connection, connection.worker.asking().judge_again(connection, request, stage), request, stage, terms);
}

std::optional<Judgement> refused_since(Connection& connection, const rules::Request& request, const Judgement& then) {
  Worker& worker = connection.worker;
  if (!worker.asking().is_outdated(connection, then)) return std::nullopt;
  Judgement now = worker.asking().judge_again(connection, request, then.verdict.reason.stage);
  return now.refuses() ? std::optional(std::move(now)) : std::nullopt;
}

}  // namespace schoolgate::flow
