#include "proxy/flow/breach_of.h"

namespace schoolgate::flow {

breaches::Initiated initiated_by(const Origin& origin) noexcept {
  using breaches::Initiated;
  if (origin.fetch_mode.empty() && origin.fetch_user.empty()) return Initiated::unknown;
  if (origin.fetch_user == "?1") return Initiated::user;
  if (origin.fetch_mode == "navigate" && origin.fetch_dest == "document") return Initiated::user;
  return Initiated::page;
}

breaches::Breach breach_of(const Judgement& judgement, const rules::Request& request, const Origin& origin) {
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
  breach.initiated = initiated_by(origin);
  breach.reason = judgement.policy->cite(judgement.verdict);
  breach.reason.categories =
      judgement.policy->categories_of(judgement.subject, request, judgement.verdict, judgement.time);
  return breach;
}

}  // namespace schoolgate::flow
