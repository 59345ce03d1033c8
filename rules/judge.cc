#include "rules/judge.h"

#include <algorithm>
#include <optional>

#include "rules/shipped_tables.h"

namespace schoolgate::rules {
namespace {

using blocklists::Match;
using blocklists::Matches;
using Effect = RuleSpec::Effect;

struct Question {
  const CompiledPolicy& policy;
  const names::Url& url;
  GroupIndex group;
  Stage stage;
  TimePoint now;
};

/// Keeps the one finding that decides, and spares work that could not change it.
class Deciding {
 public:
  /// False when nothing of this tier and closeness can outrank what was found.
  [[nodiscard]] bool wants(Tier tier, Specificity closeness) const noexcept {
    if (!best_ || tier < best_->reason.tier) return true;
    return tier == best_->reason.tier && closeness >= best_->closeness;
  }
  void take(const Finding& finding) noexcept {
    if (!best_ || outranks(finding, *best_)) best_ = finding;
  }
  [[nodiscard]] const std::optional<Finding>& best() const noexcept { return best_; }

 private:
  std::optional<Finding> best_;
};

class Collecting {
 public:
  [[nodiscard]] bool wants(Tier, Specificity) const noexcept { return true; }
  void take(const Finding& finding) { all_.push_back(finding); }
  [[nodiscard]] std::vector<Finding> sorted() && {
    std::ranges::sort(all_, outranks);
    return std::move(all_);
  }

 private:
  std::vector<Finding> all_;
};

Tier tier_of(const OwnRule& rule) noexcept {
  if (rule.illegal) return Tier::illegal;
  return rule.effect == Effect::emergency ? Tier::emergency : Tier::local;
}

Finding finding_of(const Question& question, std::uint32_t index, Specificity closeness) noexcept {
  const OwnRule& rule = question.policy.rules.all()[index];
  Finding finding;
  finding.action = rule.effect == Effect::allow ? Action::allow : Action::block;
  if (!rule.illegal) finding.closeness = closeness;  // of two illegal ones the more urgent counts
  finding.urgency = rule.category == kNoCategory ? 0 : question.policy.categories[rule.category].urgency;
  finding.reason = {.tier = tier_of(rule),
                    .stage = question.stage,
                    .category = rule.category,
                    .rule = static_cast<std::int32_t>(index),
                    .entry = rule.illegal ? std::string_view() : std::string_view(rule.entry)};
  return finding;
}

Finding finding_of(const Question& question, const Match& match, CategoryId category, Tier tier,
                   Action action) noexcept {
  Finding finding;
  finding.action = action;
  finding.urgency = question.policy.categories[category].urgency;
  finding.reason = {.tier = tier, .stage = question.stage, .category = category, .list = match.list};
  if (tier != Tier::illegal) {
    finding.reason.entry = match.entry;
    finding.reason.network_bits = match.network_bits;
  }
  return finding;
}

template <class Sink>
void find_in_lists(const Question& question, const Matches& matches, Sink& sink) {
  const CategoryTable& categories = question.policy.categories;
  for (const Match& match : matches.items()) {
    const CategoryId category = question.policy.category_of(match);
    if (category == kNoCategory) continue;
    if (categories[category].illegal)
      sink.take(finding_of(question, match, category, Tier::illegal, Action::block));
    else if (categories[category].support)
      sink.take(finding_of(question, match, category, Tier::support, Action::allow));
  }
}

template <class Sink>
void find_support_site(const Question& question, Sink& sink) {
  if (question.url.address() || !sink.wants(Tier::support, {})) return;
  const std::string_view site = support_site_of(question.url.host());
  if (site.empty()) return;
  Finding finding;
  finding.action = Action::allow;
  finding.reason = {.tier = Tier::support,
                    .stage = question.stage,
                    .category = question.policy.categories.find("support"),
                    .entry = site};
  sink.take(finding);
}

/// False when the pattern engine could not answer.
template <class Sink>
bool find_own_rules(const Question& question, Sink& sink) {
  const OwnRules& rules = question.policy.rules;
  rules.for_each_site_or_url(question.url, [&](std::uint32_t index, Specificity closeness) {
    if (rules.all()[index].applies(question.group, question.now)) sink.take(finding_of(question, index, closeness));
  });
  const auto wanted = [&](const OwnRule& rule) {
    return sink.wants(tier_of(rule), {}) && rule.applies(question.group, question.now);
  };
  return rules.for_each_pattern(question.url, wanted,
                                [&](std::uint32_t index) { sink.take(finding_of(question, index, {})); });
}

template <class Sink>
void find_by_category(const Question& question, const Matches& matches, GroupPolicy::Open open, Sink& sink) {
  const GroupPolicy& group = question.policy.groups[question.group];
  for (const Match& match : matches.items()) {
    const CategoryId category = question.policy.category_of(match);
    if (category == kNoCategory) continue;
    const Category& about = question.policy.categories[category];
    if (about.illegal || about.support) continue;
    const CategorySetting setting = group.setting(category, open);
    Finding finding =
        finding_of(question, match, category, Tier::category, setting.named ? setting.action : Action::allow);
    finding.named = setting.named;
    sink.take(finding);
  }
}

Verdict without_answer(const Question& question) noexcept {
  Verdict verdict;
  verdict.reason.tier = Tier::category;
  verdict.reason.stage = question.stage;
  verdict.reason.undecided = true;
  return verdict;
}

Verdict unlisted(const Question& question, Action action) noexcept {
  Verdict verdict;
  verdict.action = action;
  verdict.reason.tier = Tier::unlisted;
  verdict.reason.stage = question.stage;
  return verdict;
}

/// Contract section 4, top to bottom.
Verdict decide_by_precedence(const Question& question, const Matches& matches, bool lists_answered) noexcept {
  Deciding deciding;
  find_in_lists(question, matches, deciding);
  const bool rules_answered = find_own_rules(question, deciding);
  const auto decided_by = [&](Tier last) { return deciding.best() && deciding.best()->reason.tier <= last; };

  if (!decided_by(Tier::emergency) && !(lists_answered && rules_answered)) return without_answer(question);
  find_support_site(question, deciding);
  if (decided_by(Tier::local)) return {.action = deciding.best()->action, .reason = deciding.best()->reason};

  const GroupPolicy& group = question.policy.groups[question.group];
  const GroupPolicy::Open open = group.open_at(question.policy.clock, question.now);
  find_by_category(question, matches, open, deciding);
  // Where everything not named is blocked, being in a list that the group does not name is no permission.
  const Action otherwise = group.unlisted(open);
  if (!deciding.best() || (!deciding.best()->named && otherwise == Action::block)) return unlisted(question, otherwise);
  return {.action = deciding.best()->action, .reason = deciding.best()->reason};
}

bool never_inspected(const Question& question, const Matches& matches) noexcept {
  const CompiledPolicy& policy = question.policy;
  const TextSet& sites = policy.never_inspect_sites;
  if (any_suffix(question.url.host(), [&](std::string_view name) { return sites.contains(name); })) return true;
  return std::ranges::any_of(matches.items(), [&](const Match& match) {
    const CategoryId category = policy.category_of(match);
    return category != kNoCategory && policy.never_inspect_categories[category];
  });
}

/// Whether a rule that looks at more than the name could still overrule `verdict`, which was reached by the name.
bool could_overrule(const OwnRule& rule, const Verdict& verdict, const OwnRules& rules) noexcept {
  if (rule.illegal || rule.effect == Effect::emergency) return verdict.action != Action::block;
  const Action asks = rule.effect == Effect::allow ? Action::allow : Action::block;
  if (asks == verdict.action) return false;
  if (verdict.reason.tier != Tier::local || rule.kind == RuleSpec::Kind::url) return true;
  // A pattern outranks another pattern only by being the stricter one, and never a site or URL.
  return asks == Action::block &&
         rules.all()[static_cast<std::size_t>(verdict.reason.rule)].kind == RuleSpec::Kind::pattern;
}

/// Law: decide before decrypt. Asked only when the verdict was reached by the name alone.
bool should_inspect(const Question& question, const Matches& matches, const Verdict& verdict) noexcept {
  const CompiledPolicy& policy = question.policy;
  if (policy.inspection == InspectionMode::off || verdict.reason.tier <= Tier::support || verdict.reason.undecided)
    return false;
  if (never_inspected(question, matches)) return false;

  const bool passes = verdict.action != Action::block;
  if (passes && policy.inspection == InspectionMode::always) return true;
  const bool own_rule_could = policy.rules.any_beyond_name(question.url.host(), [&](std::uint32_t index) {
    const OwnRule& rule = policy.rules.all()[index];
    return rule.applies(question.group, question.now) && could_overrule(rule, verdict, policy.rules);
  });
  if (own_rule_could) return true;
  if (!passes) return false;

  const GroupPolicy& group = policy.groups[question.group];
  for (const Match& match : matches.items())
    if (const CategoryId category = policy.category_of(match); category != kNoCategory && group.inspects(category))
      return true;
  // Above tier 5 only an illegal list could still change the answer.
  return (verdict.reason.tier > Tier::local || policy.has_illegal_list) &&
         policy.lists->has_url_entries(question.url.host());
}

}  // namespace

bool outranks(const Finding& a, const Finding& b) noexcept {
  if (a.reason.tier != b.reason.tier) return a.reason.tier < b.reason.tier;
  if (a.closeness != b.closeness) return a.closeness > b.closeness;
  if (a.action != b.action) return a.action > b.action;
  if (a.named != b.named) return a.named;
  if (a.reason.tier != Tier::local && a.urgency != b.urgency) return a.urgency > b.urgency;
  if ((a.reason.rule < 0) != (b.reason.rule < 0)) return a.reason.rule < 0;
  if (a.reason.rule != b.reason.rule) return a.reason.rule < b.reason.rule;
  if (a.reason.list != b.reason.list) return a.reason.list < b.reason.list;
  return a.reason.entry.size() > b.reason.entry.size();
}

Verdict judge(const CompiledPolicy& policy, const Subject& subject, const Request& request, Stage stage,
              TimePoint now) noexcept {
  const Question question{policy, request.url(), policy.known(subject.group), stage, now};
  Matches matches;
  bool undecided = false;
  policy.lists->lookup(question.url, matches, undecided);
  Verdict verdict = decide_by_precedence(question, matches, !undecided && !matches.overflowed());
  if (stage == Stage::connect || stage == Stage::client_hello)
    verdict.inspect = should_inspect(question, matches, verdict);
  return verdict;
}

std::vector<Finding> all_findings(const CompiledPolicy& policy, const Subject& subject, const Request& request,
                                  Stage stage, TimePoint now) {
  const Question question{policy, request.url(), policy.known(subject.group), stage, now};
  Matches matches;
  bool undecided = false;
  policy.lists->lookup(question.url, matches, undecided);
  Collecting collecting;
  find_in_lists(question, matches, collecting);
  (void)find_own_rules(question, collecting);  // what could not be answered is said by the verdict
  find_support_site(question, collecting);
  const GroupPolicy& group = policy.groups[question.group];
  find_by_category(question, matches, group.open_at(policy.clock, now), collecting);
  return std::move(collecting).sorted();
}

}  // namespace schoolgate::rules
