#include "proxy/flow/refusal.h"

#include <atomic>

#include "base/log.h"
#include "base/steady_clock.h"
#include "proxy/flow/breach_of.h"
#include "proxy/flow/proxy_login.h"
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
  const rules::CategoryId id = judgement.verdict.reason.category;
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

// A request whose body has not been read leaves the connection in an unknown place.
bool can_go_on(const Connection& connection, const http::RequestHead& head) {
  return head.keep_alive && head.body.framing != http::Framing::chunked && head.body.length == 0 &&
         head.method != http::Method::connect && !connection.worker.draining() && !is_for_page(connection);
}

// What the line of a page in the decision log gives as its rule.
std::string_view page_name(PageKind kind) {
  switch (kind) {
    case PageKind::certificate: return "certificate";
    case PageKind::destination: return "destination";
    default: return "upstream";
  }
}

net::awaitable<bool> send(Connection& connection, std::string answer, bool keep_alive) {
  connection.client.expire_after(connection.worker.limits().idle);
  insert_fields(answer, login_reply_line(connection));
  const net::Transfer sent = co_await connection.client.send_all(answer);
  co_return sent.status == net::IoStatus::ok&& keep_alive;
}

}  // namespace

net::awaitable<std::string> record_refusal(Connection& connection, const Judgement& judgement,
                                           const rules::Request& request, const Origin& origin) {
  if (is_not_ready(judgement)) {  // nobody has tried anything: the school's lists have not come yet
    std::string reference = Uuid::v7(judgement.time).reference();
    log::info("not ready", {{"reference", reference}, {"group", judgement.policy->group_id(judgement.subject.group)}});
    co_return reference;
  }
  breaches::Breach breach = breach_of(judgement, request, origin);
  std::string reference = breach.id.reference();
  connection.client.clear_deadline();
  const breaches::Receipt receipt = co_await connection.worker.record(std::move(breach));
  if (!receipt.durable) connection.worker.counters().not_durable.add();
  if (receipt.counted_in) reference = receipt.counted_in->reference();  // the number of what can be found
  co_return reference;
}

net::awaitable<std::string> record_and_log(Connection& connection, const Judgement& judgement,
                                           const rules::Request& request, const Origin& origin) {
  if (connection.inside && was_told(*connection.inside, judgement)) {
    connection.inside->told.reset();
    co_return connection.inside->reference;
  }
  std::string reference = co_await record_refusal(connection, judgement, request, origin);
  connection.worker.log_decision(judgement, request, {.reference = reference});
  co_return reference;
}

std::string refusal_answer(Connection& connection, const Judgement& judgement, const rules::Request& request,
                           std::string_view reference, bool keep_alive, bool head_only) {
  Worker& worker = connection.worker;
  const bool not_ready = is_not_ready(judgement);
  const std::string reason = rules::explain(*judgement.policy, judgement.subject, request, judgement.verdict).pupil;
  PageFacts facts{.kind = page_kind(judgement),
                  .status = not_ready ? 503 : 403,
                  .school = worker.settings().school,
                  .reference = reference,
                  .reason = reason,
                  .group_title = judgement.policy->group_title(judgement.subject.group),
                  .contact = worker.settings().contact};
  std::string report;
  if (not_ready) {
    facts.site = request.url().host();
    facts.fault = "not_ready";
  } else if (facts.kind != PageKind::illegal) {
    facts.site = request.url().host();
    report = report_link(worker.settings().desk, judgement, request, reference);
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

std::string fault_answer(Connection& connection, const Fault& fault, bool keep_alive, bool head_only) {
  const std::string reference = Uuid::v7(wall_now()).reference();
  // A malformed request names no site, and browsers do not send it: nobody asks about its page.
  if (fault.kind != PageKind::bad_request)
    connection.worker.log_page(connection, fault.site, page_name(fault.kind), reference);
  const PageFacts facts{
      .kind = fault.kind,
      .status = fault.status,
      .school = connection.worker.settings().school,
      .reference = reference,
      .site = fault.site,
      .reason = fault.kind == PageKind::certificate ? std::string_view(fault.detail) : std::string_view(),
      .fault = to_string(fault.whose),
      .detail = fault.detail,
      .contact = connection.worker.settings().contact};
  std::string answer;
  connection.worker.gateway().pages.append_response(answer, facts, keep_alive, head_only);
  return answer;
}

net::awaitable<bool> refuse(Connection& connection, const Judgement& judgement, const rules::Request& request,
                            const http::RequestHead& head) {
  const std::string reference = co_await record_and_log(connection, judgement, request, Origin::of(head.fields));
  const bool keep_alive = can_go_on(connection, head), to_head = head.method == http::Method::head;
  std::string answer = refusal_answer(connection, judgement, request, reference, keep_alive, to_head);
  co_return co_await send(connection, std::move(answer), keep_alive);
}

void insert_fields(std::string& answer, std::string_view lines) {
  if (lines.empty()) return;
  const std::size_t status_line = answer.find("\r\n");
  if (status_line != std::string::npos) answer.insert(status_line + 2, lines);
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

Fault fault_of(Connection& connection, const net::Failure& failure, std::string_view site) {
  using net::FailureKind;
  count_fault(connection, failure.kind);
  Fault fault{.site = site, .whose = failure.error.fault, .detail = failure.error.what};
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

net::awaitable<bool> answer_fault(Connection& connection, const Fault& fault, const http::RequestHead* head) {
  const bool keep_alive = head && can_go_on(connection, *head);
  std::string answer = fault_answer(connection, fault, keep_alive, head && head->method == http::Method::head);
  co_return co_await send(connection, std::move(answer), keep_alive);
}

}  // namespace schoolgate::flow
