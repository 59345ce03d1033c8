#include "proxy/flow/asking.h"

#include <chrono>
#include <string_view>

#include "base/steady_clock.h"
#include "proxy/flow/doorway.h"

namespace schoolgate::flow {
namespace {

// Where no source of identity is set up.
const rules::PresenceStore& nobody() {
  static const rules::PresenceStore kNobody;
  return kNobody;
}

// A verdict that passes and takes minutes of a daily allowance.
bool spends(const rules::Verdict& verdict) noexcept {
  return verdict.allowance_minutes != 0 &&
         (verdict.action == rules::Action::allow || verdict.action == rules::Action::monitor);
}

std::string_view allowance_category(const Judgement& judgement) {
  return judgement.policy->categories()[judgement.verdict.allowance_category].id;
}

}  // namespace

Asking::Asking(const Sources& sources, Counters& counters)
    : sources_(sources),
      counters_(counters),
      policy_(sources.policy),
      presences_(sources.presences ? *sources.presences : nobody()) {}

std::shared_ptr<const rules::Presence> Asking::presence_of(Client& client) {
  const ProxyLogin* const login = client.login.get();
  std::shared_ptr<const rules::Presence> proved = login ? login->presence() : nullptr;
  if (proved && !proved->terms_due) return proved;
  if (sources_.presences && sources_.presences->generation() != client.known_generation) {
    client.known = presences_.find(client.peer.address);
    client.known_generation = presences_.generation();
  }
  if (!proved) return login && !login->may_be(client.known.get()) ? nullptr : client.known;
  // Who had to accept the terms of use when they proved who they are may have done so meanwhile.
  const bool accepted = client.known && client.known->person && !client.known->terms_due &&
                        client.known->person->user == proved->person->user;
  return accepted ? client.known : proved;
}

Judgement Asking::judge(Client& client, const rules::Request& request, rules::Stage stage) {
  Judgement judgement = decide(client, request, stage);
  if (judgement.presence) judgement.presence->mark_active(steady_now());
  if (judgement.doorway != Doorway::open) return judgement;
  if (spends(judgement.verdict) &&
      !sources_.allowances.spend(Allowances::key_of(judgement.subject), allowance_category(judgement),
                                 judgement.verdict.allowance_minutes, judgement.time)) {
    judgement.verdict = judgement.policy->spent(judgement.verdict);
    counters_.allowance_blocks.add();
  }
  if (!judgement.subject.user.empty()) counters_.of_people.add();
  counters_.count_decision(judgement.verdict.action, stage, std::uint64_t(judgement.took.count()));
  return judgement;
}

Judgement Asking::judge_again(Client& client, const rules::Request& request, rules::Stage stage) {
  Judgement judgement = decide(client, request, stage);
  if (judgement.doorway == Doorway::open && spends(judgement.verdict) &&
      !sources_.allowances.any_left(Allowances::key_of(judgement.subject), allowance_category(judgement),
                                    judgement.verdict.allowance_minutes, judgement.time)) {
    judgement.verdict = judgement.policy->spent(judgement.verdict);
    counters_.allowance_blocks.add();
  }
  return judgement;
}

bool Asking::is_outdated(Client& client, const Judgement& judgement) {
  return judgement.policy != policy_.current() || judgement.presence != presence_of(client);
}

Judgement Asking::judge_portal(Client& client, const rules::Request& request, rules::Stage stage) {
  Judgement judgement = decide(client, request, stage);
  if (judgement.verdict.reason.tier == rules::Tier::illegal) return judgement;
  judgement.verdict = {.action = rules::Action::allow, .reason = {.tier = rules::Tier::unlisted, .stage = stage}};
  judgement.doorway = Doorway::open;
  judgement.portal = true;
  return judgement;
}

void Asking::note_activity(const Judgement& judgement, TimePoint when) {
  if (judgement.presence) judgement.presence->mark_active(steady_now());
  if (spends(judgement.verdict))
    static_cast<void>(sources_.allowances.spend(Allowances::key_of(judgement.subject), allowance_category(judgement),
                                                judgement.verdict.allowance_minutes, when));
}

Judgement Asking::decide(Client& client, const rules::Request& request, rules::Stage stage) {
  if (client.selftest && !client.selftest->as_group.empty()) return decide_for_stand_in(client, request, stage);
  Judgement judgement{.policy = policy_.current(), .presence = presence_of(client), .time = wall_now()};
  judgement.subject = judgement.policy->subject_for(client.peer.address, judgement.presence.get());
  judgement.selftest = client.selftest.has_value();
  const auto before = std::chrono::steady_clock::now();
  judgement.verdict = judgement.policy->decide(judgement.subject, request, stage, judgement.time);
  judgement.took = std::chrono::steady_clock::now() - before;
  // A reader who has seen the warning and gone on is let through for an hour.
  if (judgement.verdict.action == rules::Action::warn &&
      sources_.passes.has(client.peer.address, request.url().host(), judgement.time))
    judgement.verdict.action = rules::Action::allow;
  judgement.doorway = doorway_of(client, judgement, sources_.authenticator, sign_in_.get());
  return judgement;
}

// As a device of that group would be judged, whoever is at the address and whatever has to be said first; but nothing
// passes: a probe that the policy would let through must not reach the site.
Judgement Asking::decide_for_stand_in(const Client& client, const rules::Request& request, rules::Stage stage) {
  Judgement judgement{.policy = policy_.current(), .time = wall_now()};
  judgement.selftest = true;
  judgement.subject.address = client.peer.address;
  const auto group = judgement.policy->find_group(client.selftest->as_group);
  if (group) {
    judgement.subject.group = *group;
    judgement.subject.by_name_only = true;  // opening a connection would dial the site first
    judgement.verdict = judgement.policy->decide(judgement.subject, request, stage, judgement.time);
  }
  const bool passes = judgement.verdict.action < rules::Action::warn;
  if (!group || passes) judgement.verdict = {.action = rules::Action::block, .reason = {.stage = stage}};
  return judgement;
}

std::optional<Judgement> Asking::refuses_answer(const Judgement& judgement, const rules::Request& request,
                                                const rules::ResponseFacts& facts) {
  const rules::Verdict verdict =
      judgement.policy->decide_response(judgement.subject, request, judgement.verdict, facts);
  if (verdict.action != rules::Action::block) return std::nullopt;
  Judgement refusing = judgement;
  refusing.verdict = verdict;
  refusing.time = wall_now();
  counters_.count_decision(verdict.action, rules::Stage::response, 0);
  return refusing;
}

std::optional<Judgement> Asking::judges_content(const Client& client, const Judgement& judgement,
                                                const rules::Request& request, const rules::ContentFacts& facts) {
  const TimePoint now = wall_now();
  const rules::Verdict verdict = judgement.policy->decide_content(judgement.subject, facts, now);
  if (verdict.action == rules::Action::allow) return std::nullopt;
  // A reader who has seen the warning and gone on is let through for an hour.
  if (verdict.action == rules::Action::warn && sources_.passes.has(client.peer.address, request.url().host(), now))
    return std::nullopt;
  Judgement found = judgement;
  found.verdict = verdict;
  found.time = now;
  return found;
}

bool may_open(const Judgement& judgement, const Held<const Inspection>& inspection) noexcept {
  return inspection && !judgement.subject.by_name_only && !rules::must_not_open(judgement.verdict.inspect_reason);
}

bool may_show_page(const Judgement& judgement, const Held<const Inspection>& inspection) noexcept {
  return may_open(judgement, inspection) && inspection->can_sign;
}

bool opens(const Judgement& judgement, const Held<const Inspection>& inspection) noexcept {
  return may_open(judgement, inspection) &&
         (judgement.verdict.inspect || judgement.verdict.action == rules::Action::warn);
}

}  // namespace schoolgate::flow
