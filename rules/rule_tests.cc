#include "rules/rule_tests.h"

#include <algorithm>
#include <span>

#include "names/url.h"

namespace schoolgate::rules {
namespace {

// The policy as if no rule ended by itself; null where there is none to compile.
std::shared_ptr<const PolicySnapshot> without_ends(PolicySpec spec, const PolicySnapshot& snapshot, TimePoint now) {
  if (std::ranges::none_of(spec.rules, [](const RuleSpec& rule) { return rule.until.has_value(); })) return nullptr;
  for (RuleSpec& rule : spec.rules) rule.until.reset();
  Problems warnings;
  auto compiled = PolicySnapshot::compile(spec, snapshot.shared_lists(), now, warnings);
  return compiled ? *compiled : nullptr;
}

// The rule that decides `test` while no rule ends; null when another kind of reason does.
const RuleSpec* decided_by(const PolicySpec& spec, const PolicySnapshot& endless, const RuleTestSpec& test,
                           TimePoint now) {
  auto url = names::Url::parse(test.url);
  const auto group = endless.find_group(test.group);
  const auto time = test.time ? endless.read_local_time(*test.time, now) : now;
  if (!url || !group || !time) return nullptr;
  Request request = Request::of_url(std::move(*url), "GET");
  if (!test.from.empty()) request.comes_from(asking_page({}, test.from, {}, {}));
  const Citation citation = endless.cite(endless.decide(Subject{.group = *group}, request, Stage::request, *time));
  const auto rule =
      std::ranges::find_if(spec.rules, [&](const RuleSpec& one) { return one.at.line_text() == citation.source; });
  return rule == spec.rules.end() ? nullptr : &*rule;
}

std::string day_text(std::chrono::year_month_day day) { return to_rfc3339(std::chrono::sys_days(day)).substr(0, 10); }

}  // namespace

Problems run_rule_tests(const PolicySpec& spec, const PolicySnapshot& snapshot, TimePoint now) {
  Problems problems;
  std::shared_ptr<const PolicySnapshot> endless;
  for (const RuleTestSpec& test : spec.tests) {
    Problems failed = snapshot.run_tests(std::span(&test, 1), now);
    if (failed.empty()) continue;
    if (!endless) endless = without_ends(spec, snapshot, now);
    // It passes when rules do not end and fails when they do: then the rule that decides it has ended.
    if (endless && endless->run_tests(std::span(&test, 1), now).empty()) {
      const RuleSpec* const rule = decided_by(spec, *endless, test, now);
      if (rule != nullptr && rule->until) {
        problems.push_back({.severity = Problem::Severity::warning,
                            .at = test.at,
                            .message = "test passed over: " + test.url + " for group " + test.group +
                                       ": the rule that it tests ended on " + day_text(*rule->until) + " (" +
                                       rule->at.line_text() + ")",
                            .hint = "remove the rule and its test, or set a new 'until'"});
        continue;
      }
    }
    problems.insert(problems.end(), failed.begin(), failed.end());
  }
  return problems;
}

}  // namespace schoolgate::rules
