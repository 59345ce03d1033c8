#include "rules/siblings.h"

#include <algorithm>

#include "blocklists/wildcards.h"
#include "rules/compiled_policy.h"

namespace schoolgate::rules {
namespace {

using blocklists::Match;
using blocklists::Matches;

bool is_refused(Action action) noexcept { return action == Action::block || action == Action::warn; }

/// Two answers as one: the stricter treatment, and withheld if either is.
void join(CoveredAnswer& answer, Treatment treatment, bool sealed = false) noexcept {
  answer.treatment = std::max(answer.treatment, treatment);
  answer.sealed |= sealed;
}

Treatment of_action(Action action, bool inspect) noexcept {
  if (is_refused(action)) return Treatment::refused;
  return action != Action::allow || inspect ? Treatment::opened : Treatment::alike;
}

struct CoverQuestion {
  const CompiledPolicy& policy;
  const GroupPolicy& group;
  Asking asking;
  GroupPolicy::Open open;

  void add_category(CoveredAnswer& answer, CategoryId id) const {
    const Category& category = policy.categories[id];
    if (category.illegal) return join(answer, Treatment::refused, true);
    if (category.support) return;
    const CategorySetting setting = group.setting(id, open);
    join(answer, of_action(setting.named ? setting.action : Action::allow, group.inspects(id)));
  }

  void add_rule(CoveredAnswer& answer, const OwnRule& rule) const {
    using Effect = RuleSpec::Effect;
    if (!rule.applies(asking)) return;
    if (rule.illegal) return join(answer, Treatment::refused, true);
    switch (rule.effect) {
      case Effect::allow: return;
      case Effect::categorise: return add_category(answer, rule.category);
      case Effect::block:
      case Effect::emergency: break;
    }
    const Treatment treatment = rule.kind == RuleSpec::Kind::url ? Treatment::opened : Treatment::refused;
    if (treatment > answer.treatment) answer.example = rule.entry;
    join(answer, treatment);
  }
};

CoveredAnswer judged(const PolicySnapshot& policy, const Subject& subject, const names::Host& host, TimePoint now,
                     Verdict& verdict) {
  const Request request = Request::of_host(host, 443, "TLS");
  verdict = policy.decide(subject, request, Stage::client_hello, now);
  CoveredAnswer answer{.treatment = of_action(verdict.action, verdict.inspect)};
  answer.sealed = answer.treatment == Treatment::refused && verdict.reason.tier == Tier::illegal;
  verdict.reason.entry = {};  // a view into the request
  return answer;
}

/// What lists have directly under `parent`. `only_illegal`: the school opens everything there, and illegal sites are
/// all that this does not reach.
void add_listed(CoveredAnswer& answer, const CoverQuestion& question, const names::Host& parent, bool only_illegal) {
  const blocklists::CategoryDb& lists = *question.policy.lists;
  if (lists.lists().empty()) return;
  if (!blocklists::knows_wildcards(lists)) return join(answer, Treatment::opened);
  Matches found;
  lists.lists_beyond_name("*." + parent.text(), found);
  if (found.overflowed()) join(answer, Treatment::opened);
  for (const Match& match : found.items()) {
    if (match.kind != Match::Kind::url) continue;  // patterns of lists look at what is open already; they open nothing
    const CategoryId category = question.policy.category_of(match);
    if (category == kNoCategory || (only_illegal && !question.policy.categories[category].illegal)) continue;
    question.add_category(answer, category);
  }
}

}  // namespace

std::optional<CoveredName> covered_name(std::string_view text) {
  const bool wildcard = text.starts_with("*.");
  if (wildcard) text.remove_prefix(2);
  if (text.find('*') != std::string_view::npos) return std::nullopt;
  auto host = names::Host::parse(text);
  if (!host || host->address()) return std::nullopt;
  return CoveredName{std::move(*host), wildcard};
}

CoveredAnswer treatment_of(const PolicySnapshot& policy, const Subject& subject, const CoveredName& name,
                           TimePoint now) {
  Verdict verdict;
  if (!name.wildcard) return judged(policy, subject, name.host, now, verdict);
  const auto other = names::Host::parse("any-other-host." + name.host.text());
  if (!other) return {.treatment = Treatment::opened};
  CoveredAnswer answer = judged(policy, subject, *other, now, verdict);
  if (answer.treatment == Treatment::refused) return answer;

  const CompiledPolicy& compiled = policy.compiled();
  const GroupIndex group = compiled.known(subject.group);
  const CoverQuestion question{compiled,
                               compiled.groups[group],
                               {group, subject.address, now},
                               compiled.groups[group].open_at(compiled.clock, now)};
  compiled.rules.for_each_directly_under(
      name.host.text(), [&](std::uint32_t index) { question.add_rule(answer, compiled.rules.all()[index]); });
  const bool opened_by_school = verdict.reason.tier == Tier::local || verdict.reason.tier == Tier::support;
  add_listed(answer, question, name.host, opened_by_school);
  return answer;
}

bool treats_by_address(const PolicySnapshot& policy) noexcept {
  return std::ranges::any_of(policy.compiled().rules.all(), [](const OwnRule& rule) { return !rule.networks.empty(); });
}

}  // namespace schoolgate::rules
