#include "proxy/flow/refusal.h"

#include <atomic>

#include "base/log.h"
#include "base/steady_clock.h"
#include "proxy/flow/breach_of.h"
#include "proxy/flow/filing.h"
#include "proxy/flow/own_answer.h"
#include "proxy/flow/report_link.h"
#include "proxy/flow/worker.h"
#include "rules/explain.h"
#include "rules/not_ready.h"

namespace schoolgate::flow {
namespace {

bool is_not_ready(const Judgement& judgement) {
  return rules::is_not_ready(*judgement.policy, judgement.subject.group, judgement.verdict);
}

PageKind page_kind(const Judgement& judgement) {
  if (is_not_ready(judgement)) return PageKind::upstream;
  const rules::CategoryId id = judgement.verdict.reason.named();
  if (judgement.verdict.reason.tier == rules::Tier::illegal) return PageKind::illegal;
  if (judgement.verdict.action == rules::Action::warn) return PageKind::warn;
  if (id != rules::kNoCategory) {
    const rules::Category& category = judgement.policy->categories()[id];
    if (category.illegal) return PageKind::illegal;
    if (category.id == "malware" || category.id == "phishing") return PageKind::malware;
  }
  return PageKind::policy;
}

// The same policy comes to the same end as when the page's connection was asked for.
bool was_told(const Inside& inside, const Judgement& judgement) {
  if (!inside.told || inside.told->policy != judgement.policy) return false;
  const rules::Reason& then = inside.told->verdict.reason;
  const rules::Reason& now = judgement.verdict.reason;
  return inside.told->verdict.action == judgement.verdict.action && then.tier == now.tier && then.rule == now.rule &&
         then.list == now.list && then.category == now.category;
}

// What the line of a page in the decision log gives as its rule.
std::string_view page_name(PageKind kind) {
  switch (kind) {
    case PageKind::certificate: return "certificate";
    case PageKind::destination: return "destination";
    default: return "upstream";
  }
}

}  // namespace

net::awaitable<std::string> record_refusal(Connection& connection, const Judgement& judgement,
                                           const rules::Request& request, const CameBy& came_by) {
  if (is_not_ready(judgement)) {  // nobody has tried anything: the school's lists have not come yet
    std::string reference = Uuid::v7(judgement.time).reference();
    log::info("not ready", {{"reference", reference}, {"group", judgement.policy->group_id(judgement.subject.group)}});
    co_return reference;
  }
  breaches::Breach breach = breach_of(judgement, request, came_by);
  std::string reference = breach.id.reference();
  connection.client.clear_deadline();
  const breaches::Receipt receipt = co_await file(connection.worker, std::move(breach));
  if (!receipt.durable) connection.worker.counters().not_durable.add();
  if (receipt.counted_in) reference = receipt.counted_in->reference();  // the number of what can be found
  co_return reference;
}

net::awaitable<std::string> record_and_log(Connection& connection, const Judgement& judgement,
                                           const rules::Request& request, const CameBy& came_by) {
  if (connection.inside && was_told(*connection.inside, judgement)) {
    connection.inside->told.reset();
    co_return connection.inside->reference;
  }
  std::string reference = co_await record_refusal(connection, judgement, request, came_by);
  connection.worker.lines().decision(judgement, request, {.reference = reference});
  co_return reference;
}

std::string refusal_answer(Connection& connection, const Judgement& judgement, const rules::Request& request,
                           std::string_view reference, bool keep_alive, bool head_only) {
  Worker& worker = connection.worker;
  const bool not_ready = is_not_ready(judgement);
  const std::string reason = rules::explain(*judgement.policy, judgement.subject, request, judgement.verdict).pupil;
  PageFacts facts{.kind = page_kind(judgement),
                  .status = not_ready ? 503 : 403,
                  .school = worker.gateway().settings.school,
                  .reference = reference,
                  .reason = reason,
                  .group_title = judgement.policy->group_title(judgement.subject.group),
                  .contact = worker.gateway().settings.contact};
  std::string report;
  if (not_ready) {
    facts.site = request.url().host();
    facts.fault = "not_ready";
  } else if (facts.kind != PageKind::illegal) {
    facts.site = request.url().host();
    report = report_link(worker.gateway().settings.desk, judgement, request, reference);
    facts.report_url = report;
  }
  std::string go_on;
  if (facts.kind == PageKind::warn && !request.url().names_only()) {
    const std::string token =
        worker.gateway().passes.token(connection.peer.address, request.url().host(), judgement.time);
    go_on = with_continue(request.url().target(), token);
    facts.continue_url = go_on;
  }
  std::string answer;
  worker.gateway().pages.append_response(answer, facts, keep_alive, head_only);
  if (not_ready) insert_fields(answer, "Retry-After: 60\r\n");
  return answer;
}

std::string fault_answer(Connection& connection, const FaultPage& fault, bool keep_alive, bool head_only) {
  const std::string reference = Uuid::v7(wall_now()).reference();
  // A malformed request names no site, and browsers do not send it: nobody asks about its page.
  if (fault.kind != PageKind::bad_request)
    connection.worker.lines().page(connection, fault.site, page_name(fault.kind), reference);
  const PageFacts facts{
      .kind = fault.kind,
      .status = fault.status,
      .school = connection.worker.gateway().settings.school,
      .reference = reference,
      .site = fault.site,
      .reason = fault.kind == PageKind::certificate ? std::string_view(fault.detail) : std::string_view(),
      .fault = to_string(fault.whose),
      .detail = fault.detail,
      .contact = connection.worker.gateway().settings.contact};
  std::string answer;
  connection.worker.gateway().pages.append_response(answer, facts, keep_alive, head_only);
  return answer;
}

net::awaitable<Served> refuse(Connection& connection, const Judgement& judgement, const rules::Request& request,
                              const http::RequestHead& head) {
  const std::string reference = co_await record_and_log(connection, judgement, request, CameBy::of(head.fields));
  const bool keep_alive = may_go_on(connection, head), to_head = head.method == http::Method::head;
  std::string answer = refusal_answer(connection, judgement, request, reference, keep_alive, to_head);
  co_return co_await give_own_answer(connection, head, std::move(answer), keep_alive);
}

namespace {

// The whole school waits for them, so the journal has it: once a minute, whichever worker sees it first.
void say_that_name_servers_are_silent() {
  constexpr auto kAgain = std::chrono::duration_cast<SteadyClock::duration>(std::chrono::minutes(1)).count();
  static std::atomic<std::int64_t> said{0};  // 0: never
  const std::int64_t now = steady_now().time_since_epoch().count();
  std::int64_t before = said.load(std::memory_order_relaxed);
  if (before != 0 && now - before < kAgain) return;
  if (!said.compare_exchange_strong(before, now, std::memory_order_relaxed)) return;
  log::warning("the name servers do not answer",
               {{"next", "see upstream.resolver in schoolgate.yaml, or /etc/resolv.conf, and the network to them"}});
}

}  // namespace

void count_fault(Connection& connection, net::FailureKind kind) {
  const auto as_counted = [&] {
    using net::FailureKind;
    switch (kind) {
      case FailureKind::name_not_found:
      case FailureKind::name_failed:
      case FailureKind::name_unanswered: return UpstreamFault::name;
      case FailureKind::timed_out: return UpstreamFault::timeout;
      case FailureKind::destination_refused: return UpstreamFault::refused_destination;
      case FailureKind::loop: return UpstreamFault::loop;
      case FailureKind::certificate_refused: return UpstreamFault::certificate;
      case FailureKind::handshake_failed: return UpstreamFault::handshake;
      case FailureKind::connect_failed:
      case FailureKind::overloaded: break;
    }
    return UpstreamFault::connect;
  }();
  connection.worker.counters().upstream_errors[std::size_t(as_counted)].add();
  if (kind == net::FailureKind::name_unanswered) say_that_name_servers_are_silent();
}

FaultPage fault_of(Connection& connection, const net::Failure& failure, std::string_view site) {
  using net::FailureKind;
  count_fault(connection, failure.kind);
  FaultPage fault{.site = site, .whose = failure.error.fault, .detail = failure.error.what};
  switch (failure.kind) {
    case FailureKind::name_not_found:
    case FailureKind::name_failed:
    case FailureKind::connect_failed:
    case FailureKind::handshake_failed: fault.status = 502; break;
    case FailureKind::certificate_refused:
      fault.status = 502;
      fault.kind = PageKind::certificate;
      break;
    case FailureKind::name_unanswered:
    case FailureKind::timed_out: fault.status = 504; break;
    case FailureKind::overloaded: fault.status = 503; break;
    case FailureKind::destination_refused:
      fault.status = 403;
      fault.kind = PageKind::destination;
      break;
    case FailureKind::loop:
      fault.status = 508;
      fault.kind = PageKind::destination;
      break;
  }
  return fault;
}

net::awaitable<void> answer_fault(Connection& connection, const FaultPage& fault, http::Method asked) {
  std::string answer = fault_answer(connection, fault, false, asked == http::Method::head);
  co_await send_own_answer(connection, std::move(answer));
}

}  // namespace schoolgate::flow
