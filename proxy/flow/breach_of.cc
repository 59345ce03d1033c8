#include "proxy/flow/breach_of.h"

namespace schoolgate::flow {

breaches::Initiated initiated_by(const CameBy& came_by) noexcept {
  using breaches::Initiated;
  if (came_by.fetch_mode.empty() && came_by.fetch_user.empty()) return Initiated::unknown;
  if (came_by.fetch_user == "?1") return Initiated::user;
  if (came_by.fetch_mode == "navigate" && came_by.fetch_dest == "document") return Initiated::user;
  return Initiated::page;
}

breaches::Breach breach_of(const Judgement& judgement, const rules::Request& request, const CameBy& came_by) {
  breaches::Breach breach;
  breach.id = Uuid::v7(judgement.time);
  breach.time = judgement.time;
  breach.group = judgement.policy->group_id(judgement.subject.group);
  if (!judgement.subject.user.empty() && !judgement.selftest) breach.person = judgement.subject.user;
  breach.confidence = judgement.selftest ? breaches::kSelftest : rules::to_string(judgement.subject.confidence);
  breach.device = judgement.subject.address.text();
  breach.action = rules::to_string(judgement.verdict.action);
  breach.site = request.url().host();
  breach.url = request.url().text();
  breach.search = rules::search_term_text(request);
  breach.method = request.method();
  breach.stage = rules::to_string(judgement.verdict.reason.stage);
  breach.initiated = initiated_by(came_by);
  breach.reason = judgement.policy->cite(judgement.verdict);
  if (!judgement.evidence.empty()) breach.reason.entry = judgement.evidence;
  breach.reason.categories =
      judgement.policy->categories_of(judgement.subject, request, judgement.verdict, judgement.time);
  return breach;
}

}  // namespace schoolgate::flow
