#include "rules/judge_content.h"

#include <algorithm>
#include <tuple>

#include "rules/shipped_tables.h"
#include "rules/text_hash.h"

namespace schoolgate::rules {
namespace {

bool is_never_opened(const CompiledPolicy& policy, const names::Url& url) noexcept {
  const bool named =
      any_suffix(url.host(), [&](std::string_view name) { return policy.never_inspect_sites.contains(name); });
  if (named || !never_inspected_entry_of(url.host()).site.empty()) return true;
  blocklists::Matches matches;
  bool undecided = false;
  policy.lists->lookup(url, matches, undecided);
  return std::ranges::any_of(matches.items(), [&](const blocklists::Match& match) {
    const CategoryId category = policy.category_of(match);
    return category != kNoCategory && policy.never_inspect_categories[category];
  });
}

}  // namespace

bool reads_content(const CompiledPolicy& policy, const Subject& subject, const Request& request,
                   const Verdict& judged) noexcept {
  const GroupPolicy& group = policy.groups[policy.known(subject.group)];
  if (!group.content || judged.action == Action::block) return false;
  if (judged.reason.tier <= Tier::support) return false;
  if (judged.reason.tier == Tier::local && judged.action == Action::allow) return false;
  return !is_never_opened(policy, request.url());
}

Verdict judge_content(const CompiledPolicy& policy, const Subject& subject, const ContentFacts& facts,
                      TimePoint now) noexcept {
  const GroupIndex index = policy.known(subject.group);
  const GroupPolicy& group = policy.groups[index];
  Verdict verdict{.action = Action::allow, .reason = {.stage = Stage::content}};
  if (!group.content) return verdict;
  if (facts.incomplete) {
    verdict.action = Action::block;
    verdict.reason.undecided = true;
    verdict.reason.content_of = index;
    return verdict;
  }
  const GroupPolicy::Open open = group.open_at(policy.clock, now);
  const auto rank = [&](Action action, CategoryId category, int score) {
    return std::tuple(action, category == kNoCategory ? 0 : policy.categories[category].urgency, score);
  };
  CategoryId leads = kNoCategory;
  for (const ContentScore& item : facts.scores) {
    const CategoryId category = policy.categories.find(item.category);
    if (category == kNoCategory || item.score < group.content->threshold(category)) continue;
    const CategorySetting setting = group.setting(category, open);
    if (!setting.named || setting.action == Action::allow) continue;
    const int urgency = policy.categories[category].urgency;
    if (urgency >= kLeadingUrgency && (leads == kNoCategory || urgency > policy.categories[leads].urgency))
      leads = category;
    Reason& reason = verdict.reason;
    if (rank(setting.action, category, item.score) <= rank(verdict.action, reason.category, reason.score)) continue;
    verdict.action = setting.action;
    reason.tier = Tier::category;
    reason.category = category;
    reason.score = item.score;
    reason.content_of = index;
  }
  if (leads != verdict.reason.category) verdict.reason.leads = leads;
  return verdict;
}

}  // namespace schoolgate::rules
