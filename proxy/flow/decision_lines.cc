#include "proxy/flow/decision_lines.h"

#include <memory>
#include <span>
#include <string>

#include "breaches/breach.h"

namespace schoolgate::flow {
namespace {

// The part of a URL that may be kept: everything before the query.
std::string_view without_query(const names::Url& url) {
  const std::string_view text = url.text();
  return url.query().empty() ? text : text.substr(0, text.size() - url.query().size() - 1);
}

std::span<const std::string> groups_of(const Judgement& judgement) {
  if (judgement.selftest || !judgement.presence || !judgement.presence->person) return {};
  return judgement.presence->person->groups;
}

}  // namespace

void DecisionLines::decision(const Judgement& judgement, const rules::Request& request, const Outcome& outcome) {
  if (!kept_) return;
  const rules::Reason& reason = judgement.verdict.reason;
  const rules::Category* category =
      reason.named() == rules::kNoCategory ? nullptr : &judgement.policy->categories()[reason.named()];
  const bool sealed = (category && category->illegal) ||
                      (reason.list >= 0 && judgement.policy->lists().lists()[std::size_t(reason.list)].sealed);
  if (reason.tier == rules::Tier::support) {
    help(judgement);
    return;
  }
  const std::string device = judgement.subject.address.text();
  const rules::Subject& subject = judgement.subject;
  const std::string_view rule = judgement.portal        ? std::string_view("sign-in")
                                : !outcome.rule.empty() ? outcome.rule
                                                        : rules::to_string(reason.tier);
  const std::string search = sealed ? std::string() : rules::search_term_text(request);
  const bool walled_off = reason.tier == rules::Tier::unlisted && judgement.verdict.action == rules::Action::block &&
                          judgement.doorway == Doorway::open;
  buffer_.append({.time = judgement.time,
                  .group = judgement.policy->group_id(judgement.subject.group),
                  .device = device,
                  .method = request.method(),
                  .host = sealed ? std::string_view("sealed") : request.url().host(),
                  .url = sealed ? std::string_view("sealed") : without_query(request.url()),
                  .action = outcome.action.empty() ? rules::to_string(judgement.verdict.action) : outcome.action,
                  .category = category ? std::string_view(category->id) : std::string_view(),
                  .stage = rules::to_string(reason.stage),
                  .rule = rule,
                  .search = search,
                  .person = judgement.selftest ? std::string_view() : std::string_view(subject.user),
                  .confidence = judgement.selftest ? breaches::kSelftest : rules::to_string(subject.confidence),
                  .source = subject.source,
                  .page = walled_off ? std::string_view(request.page().host) : std::string_view(),
                  .reference = outcome.reference,
                  .groups = groups_of(judgement),
                  .kind = judgement.presence ? std::string_view(judgement.presence->device.kind) : "",
                  .by_name_only = subject.by_name_only,
                  .query = !request.url().query().empty(),
                  // An https address with its path was seen: so it was opened.
                  .inspected = request.url().scheme() == "https" && !request.url().names_only(),
                  .bytes_in = outcome.bytes_in,
                  .bytes_out = outcome.bytes_out,
                  .ms = std::chrono::duration<double, std::milli>(outcome.took).count()});
}

// A request for help is private: the line says that one came from the group, and no more.
void DecisionLines::help(const Judgement& judgement) {
  buffer_.append({.time = judgement.time,
                  .group = judgement.policy->group_id(judgement.subject.group),
                  .host = "support",
                  .action = rules::to_string(judgement.verdict.action),
                  .category = "support",
                  .stage = rules::to_string(judgement.verdict.reason.stage),
                  .rule = rules::to_string(rules::Tier::support)});
}

void DecisionLines::refusal(Client& client, std::string_view host, rules::Stage stage, std::string_view rule) {
  if (!kept_) return;
  const auto policy = asking_.policy();
  const std::shared_ptr<const rules::Presence> presence = asking_.presence_of(client);
  const rules::Subject subject = policy->subject_for(client.peer.address, presence.get());
  const std::string device = client.peer.address.text();
  buffer_.append({.time = wall_now(),
                  .group = policy->group_id(subject.group),
                  .device = device,
                  .host = host,
                  .action = "refused",
                  .stage = rules::to_string(stage),
                  .rule = rule,
                  .person = subject.user,
                  .confidence = client.selftest ? breaches::kSelftest : rules::to_string(subject.confidence),
                  .source = subject.source});
}

void DecisionLines::page(Client& client, std::string_view host, std::string_view rule, std::string_view reference) {
  if (!kept_) return;
  const auto& policy = asking_.policy();
  const std::shared_ptr<const rules::Presence> presence = asking_.presence_of(client);
  const rules::Subject subject = policy->subject_for(client.peer.address, presence.get());
  breaches::Decision line{.time = wall_now(),
                          .group = policy->group_id(subject.group),
                          .action = "fault",
                          .stage = "page",
                          .rule = rule,
                          .reference = reference};
  const auto site = names::Host::parse(host);
  rules::Citation reason;
  if (site)
    reason = policy->cite(
        policy->decide(subject, rules::Request::of_host(*site, 443, "CONNECT"), rules::Stage::connect, line.time));
  line.sealed = reason.illegal || reason.sealed;
  const std::string device = client.peer.address.text();
  if (reason.tier == rules::to_string(rules::Tier::support)) {  // as help() does: neither the person nor the site
    line.host = line.category = "support";
  } else {
    line.host = host;
    line.device = device;
    line.person = client.selftest ? std::string_view() : std::string_view(subject.user);
    line.confidence = client.selftest ? breaches::kSelftest : rules::to_string(subject.confidence);
    line.source = subject.source;
  }
  buffer_.append(line);
}

}  // namespace schoolgate::flow
