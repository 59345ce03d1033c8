#include "rules/why_inspect.h"

#include <algorithm>

#include "rules/adjustments.h"
#include "rules/nested_urls.h"
#include "rules/search_terms.h"
#include "rules/shipped_tables.h"

namespace schoolgate::rules {
namespace {

using blocklists::Match;
using blocklists::Matches;
using Effect = RuleSpec::Effect;

struct InspectQuestion {
  const CompiledPolicy& policy;
  const GroupPolicy& group;
  Asking asking;
  const names::Url& url;
  const Matches& matches;
  const Verdict& verdict;

  [[nodiscard]] bool passes() const noexcept { return verdict.action != Action::block; }
  [[nodiscard]] std::string_view host() const noexcept { return url.host(); }
};

Inspection by_rule(const InspectQuestion& question, InspectReason reason, std::uint32_t index) noexcept {
  const OwnRule& rule = question.policy.rules.all()[index];
  return {.reason = reason,
          .rule = static_cast<std::int32_t>(index),
          .category = rule.category,
          .entry = rule.illegal ? std::string_view() : std::string_view(rule.entry)};
}

/// Whether a rule that looks at more than the name could still overrule the verdict.
bool could_overrule(const InspectQuestion& question, const OwnRule& rule) noexcept {
  if (!rule.applies(question.asking)) return false;
  const Verdict& verdict = question.verdict;
  if (rule.illegal || rule.effect == Effect::emergency) return verdict.action != Action::block;
  const Action asks = rule.effect == Effect::allow ? Action::allow : Action::block;
  if (asks == verdict.action) return false;
  if (verdict.reason.tier != Tier::local) return true;
  const OwnRule& decided = question.policy.rules.all()[static_cast<std::size_t>(verdict.reason.rule)];
  if (decided.kind == RuleSpec::Kind::everything) return rule.of_exam;
  if (rule.kind == RuleSpec::Kind::url) return true;
  // A pattern outranks another pattern only by being the stricter one, and never a site or URL.
  return asks == Action::block && (decided.kind == RuleSpec::Kind::pattern || decided.helped);
}

/// Whether an entry of a list about part of this host could: what its category does to this group at this time.
bool could_overrule(const InspectQuestion& question, CategoryId category, GroupPolicy::Open open) noexcept {
  const Category& about = question.policy.categories[category];
  const Verdict& verdict = question.verdict;
  if (about.illegal) return verdict.action != Action::block;
  if (about.support) return verdict.action != Action::allow;
  if (verdict.reason.tier == Tier::local) return false;
  const CategorySetting setting = question.group.setting(category, open);
  if (!setting.named) return false;
  // Of several categories the strictest counts, so a list opens something only where nothing else was listed.
  if (setting.action > verdict.action) return true;
  return verdict.reason.tier == Tier::unlisted && setting.action != verdict.action;
}

Inspection never(const InspectQuestion& question) noexcept {
  const CompiledPolicy& policy = question.policy;
  Inspection found;
  const bool is_never = any_suffix(question.host(), [&](std::string_view name) {
    const auto entry = policy.never_inspect_sites.find(name);
    if (entry == policy.never_inspect_sites.end()) return false;
    found = {.reason = InspectReason::never_site, .entry = *entry};
    return true;
  });
  if (is_never) return found;
  for (const Match& match : question.matches.items())
    if (const CategoryId category = policy.category_of(match);
        category != kNoCategory && policy.never_inspect_categories[category])
      return {.reason = InspectReason::never_category, .list = match.list, .category = category, .entry = match.entry};
  return found;
}

/// A rule of the school about part of this host.
Inspection own_url_rule(const InspectQuestion& question) noexcept {
  const OwnRules& rules = question.policy.rules;
  Inspection found;
  (void)rules.any_url_beyond_name(question.host(), [&](std::uint32_t index) {
    if (!could_overrule(question, rules.all()[index])) return false;
    found = by_rule(question, InspectReason::url_entry, index);
    return true;
  });
  return found;
}

Inspection own_pattern(const InspectQuestion& question) noexcept {
  const OwnRules& rules = question.policy.rules;
  Inspection found;
  (void)rules.any_pattern_beyond_name(question.host(), [&](std::uint32_t index) {
    if (!could_overrule(question, rules.all()[index])) return false;
    found = by_rule(question, InspectReason::pattern, index);
    return true;
  });
  return found;
}

/// An entry of a list about part of this host. Patterns of lists look at what is open already; they open nothing.
Inspection listed_url(const InspectQuestion& question) noexcept {
  const CompiledPolicy& policy = question.policy;
  Matches beyond;
  policy.lists->lists_beyond_name(question.host(), beyond);
  if (beyond.items().empty()) return {};
  const GroupPolicy::Open open = question.group.open_at(policy.clock, question.asking.now);
  for (const Match& match : beyond.items()) {
    const CategoryId category = policy.category_of(match);
    if (match.kind == Match::Kind::url && category != kNoCategory && could_overrule(question, category, open))
      return {.reason = InspectReason::url_entry, .list = match.list, .category = category};
  }
  // More lists than can be told of: one that was left out might be an illegal one.
  return {.reason = beyond.overflowed() && question.passes() ? InspectReason::url_entry : InspectReason::none};
}

/// What the group wants of hosts that it may reach.
Inspection wanted_by_group(const InspectQuestion& question) noexcept {
  const GroupPolicy& group = question.group;
  const std::string_view host = question.host();
  for (const Match& match : question.matches.items())
    if (const CategoryId category = question.policy.category_of(match);
        category != kNoCategory && group.inspects(category))
      return {.reason = InspectReason::category, .list = match.list, .category = category, .entry = match.entry};
  if (group.search_terms)
    if (const std::string_view engine = search_engine_of(host); !engine.empty())
      return {.reason = InspectReason::search_terms, .entry = engine};
  if (group.safe_search && safe_search_needs_opening(host)) return {.reason = InspectReason::safe_search};
  if (is_tenant_host(host, group.tenants)) return {.reason = InspectReason::tenants};
  if (const std::string_view wrapper = wrapper_host_of(host); !wrapper.empty())
    return {.reason = InspectReason::wrapper, .entry = wrapper};
  if (group.inspect_unlisted && question.verdict.reason.tier == Tier::unlisted)
    return {.reason = InspectReason::unlisted};
  return {};
}

}  // namespace

Inspection why_inspect(const CompiledPolicy& policy, const Asking& asking, bool by_name_only, const names::Url& by_name,
                       const Matches& matches, const Verdict& verdict) noexcept {
  const InspectQuestion question{policy, policy.groups[asking.group], asking, by_name, matches, verdict};
  if (policy.inspection == InspectionMode::off) return {.reason = InspectReason::off};
  if (by_name_only) return {.reason = InspectReason::by_name_only};
  if (!question.group.certificate) return {.reason = InspectReason::no_certificate};
  if (const Inspection found = never(question); found.reason != InspectReason::none) return found;
  if (verdict.reason.tier == Tier::support) return {.reason = InspectReason::support, .entry = verdict.reason.entry};

  Inspection own =
      verdict.reason.tier < Tier::support || verdict.reason.undecided ? Inspection{} : own_url_rule(question);
  if (const NeverInspected shipped = never_inspected_entry_of(by_name.host()); !shipped.site.empty()) {
    if (own.reason == InspectReason::none)
      return {.reason = InspectReason::never_shipped, .entry = shipped.site, .detail = shipped.why};
    own.detail = shipped.why;  // the school names this very host: that outranks what is shipped
  }
  if (verdict.reason.tier < Tier::support || verdict.reason.undecided) return {};

  if (own.reason != InspectReason::none) return own;
  if (question.passes() && policy.inspection == InspectionMode::always) return {.reason = InspectReason::always};
  if (const Inspection found = listed_url(question); found.reason != InspectReason::none) return found;
  if (question.passes())
    if (const Inspection found = wanted_by_group(question); found.reason != InspectReason::none) return found;
  return own_pattern(question);
}

}  // namespace schoolgate::rules
