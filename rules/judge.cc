#include "rules/judge.h"

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "rules/search_terms.h"
#include "rules/shipped_tables.h"
#include "rules/why_inspect.h"

namespace schoolgate::rules {
namespace {

using blocklists::Match;
using blocklists::Matches;
using Effect = RuleSpec::Effect;

struct Question {
  const CompiledPolicy& policy;
  const names::Url& url;
  std::string_view raw_query;
  Asking asking;
  Stage stage;
  const AskingPage& page;

  [[nodiscard]] const GroupPolicy& group() const noexcept { return policy.groups[asking.group]; }
  [[nodiscard]] GroupPolicy::Open open() const noexcept { return group().open_at(policy.clock, asking.now); }
};

const AskingPage kNoPage;

/// What is known before precedence is asked: the lists' entries and the school's phrases that cover the address.
struct Evidence {
  struct Term {
    std::uint32_t rule;
    Specificity closeness;
  };
  Matches matches;
  std::vector<Term> terms;
  bool answered = true;  ///< false: something may be missing, so the strict answer is due
};

void look_up(const Question& question, Evidence& evidence) noexcept {
  bool undecided = false;
  question.policy.lists->lookup(question.url, evidence.matches, undecided);
  evidence.answered = !undecided && !evidence.matches.overflowed();
  const OwnRules& rules = question.policy.rules;
  if (!rules.has_terms() || question.url.names_only()) return;
  try {
    const auto searched = search_term_of(question.url, question.raw_query);
    if (!searched) return;
    rules.for_each_term(searched->words, question.asking, [&](std::uint32_t rule, Specificity closeness) {
      evidence.terms.push_back({rule, closeness});
    });
  } catch (...) {
    evidence.answered = false;  // memory
  }
}

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
  if (rule.effect == Effect::emergency) return Tier::emergency;
  return rule.effect == Effect::categorise ? Tier::category : Tier::local;
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

/// Whether a helper counts: where all else is closed, for what a page of its site asks for. Of a name alone no page is
/// told, and the name must do.
bool helps(const Question& question, const OwnRule& rule) noexcept {
  if (!rule.of_exam && question.group().unlisted(question.open()) != Action::block) return false;
  if (question.url.names_only()) return true;
  return question.page.a_page && (question.page.host.empty() || rule.helped->asks_from(question.page.host));
}

/// False when the pattern engine could not answer.
template <class Sink>
bool find_own_rules(const Question& question, const Evidence& evidence, Sink& sink) {
  const OwnRules& rules = question.policy.rules;
  for (const Evidence::Term& term : evidence.terms)
    if (tier_of(rules.all()[term.rule]) != Tier::category) sink.take(finding_of(question, term.rule, term.closeness));
  bool of_exam = false;
  rules.for_each_site_or_url(question.url, question.raw_query, [&](std::uint32_t index, Specificity closeness) {
    const OwnRule& rule = rules.all()[index];
    if (!rule.applies(question.asking) || (rule.helped && !helps(question, rule))) return;
    of_exam |= rule.of_exam;
    sink.take(finding_of(question, index, closeness));
  });
  if (!of_exam)
    for (const std::uint32_t closure : rules.closures())
      if (rules.all()[closure].applies(question.asking))
        sink.take(finding_of(question, closure, {Specificity::everything}));
  const auto wanted = [&](const OwnRule& rule) {
    return sink.wants(tier_of(rule), {}) && rule.applies(question.asking);
  };
  return rules.for_each_pattern(question.url, wanted,
                                [&](std::uint32_t index) { sink.take(finding_of(question, index, {})); });
}

int lists_naming(const Question& question, std::span<const Match> matches, CategoryId category) noexcept {
  int count = 0;
  for (auto match = matches.begin(); match != matches.end(); ++match) {
    const auto same_list = [&](const Match& earlier) { return earlier.list == match->list; };
    if (question.policy.category_of(*match) == category && std::none_of(matches.begin(), match, same_list)) ++count;
  }
  return count;
}

template <class Sink>
void find_by_category(const Question& question, const Evidence& evidence, GroupPolicy::Open open, Sink& sink) {
  const GroupPolicy& group = question.group();
  for (const Evidence::Term& term : evidence.terms) {
    const OwnRule& rule = question.policy.rules.all()[term.rule];
    if (tier_of(rule) != Tier::category) continue;
    const CategorySetting setting = group.setting(rule.category, open);
    Finding finding = finding_of(question, term.rule, {});
    finding.action = setting.named ? setting.action : Action::allow;
    finding.named = setting.named;
    sink.take(finding);
  }
  for (const Match& match : evidence.matches.items()) {
    const CategoryId category = question.policy.category_of(match);
    if (category == kNoCategory) continue;
    const Category& about = question.policy.categories[category];
    if (about.illegal || about.support) continue;
    const CategorySetting setting = group.setting(category, open);
    Finding finding =
        finding_of(question, match, category, Tier::category, setting.named ? setting.action : Action::allow);
    finding.named = setting.named;
    const auto matches = evidence.matches.items();
    finding.lists = matches.size() == 1 ? 1 : lists_naming(question, matches, category);
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

void take_allowance(Verdict& verdict, std::uint16_t minutes, CategoryId category, GroupIndex group) noexcept {
  if (minutes == 0 || (verdict.allowance_minutes != 0 && verdict.allowance_minutes <= minutes)) return;
  verdict.allowance_minutes = minutes;
  verdict.allowance_category = category;
  verdict.allowance_group = group;
}

/// Of all categories that a site is in, the one with the least time.
void count_against_allowance(const Question& question, const Evidence& evidence, Verdict& verdict) noexcept {
  for (const Match& match : evidence.matches.items()) {
    const CategoryId category = question.policy.category_of(match);
    take_allowance(verdict, question.group().allowance(category), category, question.asking.group);
  }
}

/// Reason::leads of this verdict. Of equally urgent categories the one that most lists name.
CategoryId leading_category(const Question& question, const Evidence& evidence, const Verdict& verdict) noexcept {
  if (verdict.action == Action::allow || verdict.reason.tier == Tier::illegal) return kNoCategory;
  const CategoryTable& categories = question.policy.categories;
  const CategoryId decided = verdict.reason.category;
  const int least = std::max(decided == kNoCategory ? 0 : categories[decided].urgency, kLeadingUrgency - 1);
  int urgency = 0, lists = 0;
  CategoryId leads = kNoCategory;
  const auto weigh = [&](CategoryId category, int naming) {
    if (category == kNoCategory || category == decided || categories[category].support) return;
    const int weight = categories[category].urgency;
    if (weight <= least) return;
    if (leads != kNoCategory && std::tuple(weight, naming, leads) <= std::tuple(urgency, lists, category)) return;
    const CategorySetting setting = question.group().setting(category, question.open());
    if (setting.named && setting.action == Action::allow) return;
    leads = category, urgency = weight, lists = naming;
  };
  const auto matches = evidence.matches.items();
  for (const Match& match : matches) {
    const CategoryId category = question.policy.category_of(match);
    weigh(category, lists_naming(question, matches, category));
  }
  for (const Evidence::Term& term : evidence.terms) {
    const OwnRule& rule = question.policy.rules.all()[term.rule];
    if (tier_of(rule) == Tier::category) weigh(rule.category, 0);
  }
  return leads;
}

/// Contract section 4, top to bottom.
Verdict first_that_decides(const Question& question, const Evidence& evidence) noexcept {
  Deciding deciding;
  find_in_lists(question, evidence.matches, deciding);
  const bool rules_answered = find_own_rules(question, evidence, deciding);
  const auto decided_by = [&](Tier last) { return deciding.best() && deciding.best()->reason.tier <= last; };

  if (!decided_by(Tier::emergency) && !(evidence.answered && rules_answered)) return without_answer(question);
  find_support_site(question, deciding);
  if (decided_by(Tier::local)) return {.action = deciding.best()->action, .reason = deciding.best()->reason};

  const GroupPolicy& group = question.group();
  const GroupPolicy::Open open = question.open();
  find_by_category(question, evidence, open, deciding);
  // Where everything not named is blocked, being in a list that the group does not name is no permission.
  const Action otherwise = group.unlisted(open);
  if (!deciding.best() || (!deciding.best()->named && otherwise == Action::block)) return unlisted(question, otherwise);
  Verdict verdict{.action = deciding.best()->action, .reason = deciding.best()->reason};
  if (group.has_allowances() && verdict.action != Action::block) count_against_allowance(question, evidence, verdict);
  return verdict;
}

Verdict decide_by_precedence(const Question& question, const Evidence& evidence) noexcept {
  Verdict verdict = first_that_decides(question, evidence);
  verdict.reason.leads = leading_category(question, evidence, verdict);
  return verdict;
}

Question about(const CompiledPolicy& policy, const Subject& subject, const Request& request, Stage stage,
               TimePoint now) noexcept {
  return {policy, request.url(), request.raw_query(), {policy.known(subject.group), subject.address, now},
          stage,  request.page()};
}

bool is_way_around(const CompiledPolicy& policy, const Matches& matches) noexcept {
  const CategoryId bypass = policy.categories.find("bypass");
  return std::ranges::any_of(matches.items(), [&](const Match& match) { return policy.category_of(match) == bypass; });
}

/// What an address inside the one that was asked for may do to the verdict on the whole.
enum class Weight : std::uint8_t {
  full,       ///< as if it had been asked for itself
  forbidden,  ///< only illegal content and emergency blocks: a rule of the school allows this very address
  illegal,    ///< only illegal content: it is merely mentioned
};

Weight weight_of(const Question& outer, const Evidence& evidence, const Verdict& verdict,
                 const InnerUrl& inner) noexcept {
  if (verdict.reason.tier == Tier::local && verdict.action == Action::allow) {
    const OwnRule& rule = outer.policy.rules.all()[static_cast<std::size_t>(verdict.reason.rule)];
    if (rule.names_inner) return Weight::forbidden;
  }
  if (inner.kind == InnerKind::fetched || is_way_around(outer.policy, evidence.matches)) return Weight::full;
  return Weight::illegal;
}

bool counts(const Verdict& inner, Weight weight) noexcept {
  if (inner.reason.undecided || weight == Weight::full) return true;
  return inner.reason.tier <= (weight == Weight::illegal ? Tier::illegal : Tier::emergency);
}

bool is_stricter(const Verdict& a, const Verdict& b) noexcept {
  return a.action != b.action ? a.action > b.action : a.action == Action::block && a.reason.tier < b.reason.tier;
}

/// The strictest of the verdict and of those on the addresses inside. Which of them it is of, or none.
std::optional<std::size_t> judge_inner(const Question& outer, const Request& request, const Evidence& evidence,
                                       Verdict& verdict) noexcept {
  std::optional<std::size_t> decided;
  if (verdict.reason.tier == Tier::support) return decided;  // a report names what it is about
  const Verdict of_whole = verdict;
  const InnerUrls& inner = request.inner();
  for (std::size_t i = 0; i < inner.found.size(); ++i) {
    const Weight weight = weight_of(outer, evidence, of_whole, inner.found[i]);
    const Question question{outer.policy, inner.found[i].url, {}, outer.asking, outer.stage, kNoPage};
    Evidence of_inner;
    look_up(question, of_inner);
    const Verdict candidate = decide_by_precedence(question, of_inner);
    if (weight == Weight::full)
      take_allowance(verdict, candidate.allowance_minutes, candidate.allowance_category, candidate.allowance_group);
    if (!counts(candidate, weight) || !is_stricter(candidate, verdict)) continue;
    verdict.action = candidate.action;
    verdict.reason = candidate.reason;
    verdict.reason.nested = true;
    verdict.reason.inner = static_cast<std::uint8_t>(i);
    decided = i;
  }
  if (inner.truncated && verdict.action != Action::block) {
    verdict.action = Action::block;
    verdict.reason = without_answer(outer).reason;
    verdict.reason.nested = true;
  }
  if (verdict.action == Action::block) verdict.allowance_minutes = 0;
  return decided;
}

std::vector<Finding> findings_of(const Question& question) {
  Evidence evidence;
  look_up(question, evidence);
  Collecting collecting;
  find_in_lists(question, evidence.matches, collecting);
  (void)find_own_rules(question, evidence, collecting);  // what could not be answered is said by the verdict
  find_support_site(question, collecting);
  find_by_category(question, evidence, question.open(), collecting);
  return std::move(collecting).sorted();
}

/// Of two categories with the same action: the more urgent from kLeadingUrgency on, then the school's own rule, then
/// the category that most lists name.
bool leads(const Finding& a, const Finding& b) noexcept {
  const auto pressing = [](const Finding& finding) { return finding.urgency >= kLeadingUrgency ? finding.urgency : 0; };
  if (pressing(a) != pressing(b)) return pressing(a) > pressing(b);
  if ((a.reason.rule < 0) != (b.reason.rule < 0)) return a.reason.rule >= 0;
  if (a.lists != b.lists) return a.lists > b.lists;
  if (a.urgency != b.urgency) return a.urgency > b.urgency;
  if (a.reason.rule != b.reason.rule) return a.reason.rule < b.reason.rule;
  if (a.reason.list != b.reason.list) return a.reason.list < b.reason.list;
  return a.reason.entry.size() > b.reason.entry.size();
}

}  // namespace

bool outranks(const Finding& a, const Finding& b) noexcept {
  if (a.reason.tier != b.reason.tier) return a.reason.tier < b.reason.tier;
  if (a.closeness != b.closeness) return a.closeness > b.closeness;
  if (a.action != b.action) return a.action > b.action;
  if (a.named != b.named) return a.named;
  if (a.reason.tier == Tier::category) return leads(a, b);
  if (a.reason.tier != Tier::local && a.urgency != b.urgency) return a.urgency > b.urgency;
  if ((a.reason.rule < 0) != (b.reason.rule < 0)) return a.reason.rule < 0;
  if (a.reason.rule != b.reason.rule) return a.reason.rule < b.reason.rule;
  if (a.reason.list != b.reason.list) return a.reason.list < b.reason.list;
  return a.reason.entry.size() > b.reason.entry.size();
}

Verdict judge(const CompiledPolicy& policy, const Subject& subject, const Request& request, Stage stage,
              TimePoint now) noexcept {
  const Question question = about(policy, subject, request, stage, now);
  Evidence evidence;
  look_up(question, evidence);
  Verdict verdict = decide_by_precedence(question, evidence);
  if (stage == Stage::connect || stage == Stage::client_hello) {
    verdict.inspect_reason =
        why_inspect(policy, question.asking, subject.by_name_only, question.url, evidence.matches, verdict).reason;
    verdict.inspect = opens(verdict.inspect_reason);
  }
  if (!request.inner().found.empty() || request.inner().truncated) {
    const Action of_whole = verdict.action;
    const InspectReason why = verdict.inspect_reason;
    (void)judge_inner(question, request, evidence, verdict);
    if (verdict.action == Action::block && of_whole != Action::block) {
      verdict.inspect = false;
      verdict.inspect_reason = must_not_open(why) ? why : InspectReason::none;
    }
  }
  return verdict;
}

Inspection inspection_of(const CompiledPolicy& policy, const Subject& subject, const Request& by_name,
                         TimePoint now) noexcept {
  const Question question = about(policy, subject, by_name, Stage::connect, now);
  Evidence evidence;
  look_up(question, evidence);
  const Verdict verdict = decide_by_precedence(question, evidence);
  const Inspection found =
      why_inspect(policy, question.asking, subject.by_name_only, question.url, evidence.matches, verdict);
  const InspectReason reason = judge(policy, subject, by_name, Stage::connect, now).inspect_reason;
  return reason == found.reason ? found : Inspection{.reason = reason};
}

std::vector<Finding> all_findings(const CompiledPolicy& policy, const Subject& subject, const Request& request,
                                  Stage stage, TimePoint now) {
  const Question question = about(policy, subject, request, stage, now);
  std::vector<Finding> findings = findings_of(question);
  const InnerUrls& inner = request.inner();
  if (inner.found.empty()) return findings;

  Evidence evidence;
  look_up(question, evidence);
  Verdict verdict = decide_by_precedence(question, evidence);
  const Verdict of_whole = verdict;
  const auto decided = judge_inner(question, request, evidence, verdict);
  for (std::size_t i = 0; i < inner.found.size(); ++i) {
    const Weight weight = weight_of(question, evidence, of_whole, inner.found[i]);
    std::vector<Finding> inside;
    for (Finding& finding : findings_of({policy, inner.found[i].url, {}, question.asking, stage, kNoPage})) {
      finding.reason.nested = true;
      finding.reason.inner = static_cast<std::uint8_t>(i);
      if (counts({.action = finding.action, .reason = finding.reason}, weight)) inside.push_back(finding);
    }
    findings.insert(decided == i ? findings.begin() : findings.end(), inside.begin(), inside.end());
  }
  return findings;
}

}  // namespace schoolgate::rules
