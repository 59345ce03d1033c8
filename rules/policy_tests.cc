// The rules' own tests: what a school says its policy must do, tried against the policy before it serves.
#include "names/url.h"
#include "rules/compiled_policy.h"
#include "rules/site_time.h"

namespace schoolgate::rules {
namespace {

/// "block (gambling) by rules/local.yaml:4", "allow, as unlisted".
std::string said(const PolicySnapshot& snapshot, const Verdict& verdict) {
  const Citation citation = snapshot.cite(verdict);
  std::string text = citation.action;
  if (!citation.category.empty()) text += " (" + citation.category + ")";
  if (verdict.reason.undecided) return text + ", because there was no full answer";
  if (verdict.reason.tier == Tier::unlisted) return text + ", as unlisted";
  if (!citation.rule.empty()) return text + " by " + citation.source;
  return text + " by list " + citation.list;
}

}  // namespace

std::optional<TimePoint> PolicySnapshot::read_local_time(std::string_view text, TimePoint now) const {
  return read_site_time(impl_->clock, text, now);
}

Problems PolicySnapshot::run_tests(std::span<const RuleTestSpec> tests, TimePoint now) const {
  Problems problems;
  const auto fails = [&](const RuleTestSpec& test, const std::string& why) {
    const std::string when = test.time ? " at " + *test.time : "";
    problems.push_back({Problem::Severity::error,
                        test.at,
                        "test failed: " + test.url + " for group " + test.group + when + ": " + why,
                        {}});
  };
  for (const RuleTestSpec& test : tests) {
    auto url = names::Url::parse(test.url);
    const auto group = find_group(test.group);
    const auto time = test.time ? read_local_time(*test.time, now) : now;
    if (!url) {
      fails(test, url.error().text());
    } else if (!group) {
      fails(test, "there is no such group");
    } else if (!time) {
      fails(test, "'" + *test.time + "' is not a time");
    } else {
      Request request = Request::of_url(std::move(*url), "GET");
      if (!test.from.empty()) request.comes_from(asking_page({}, test.from, {}, {}));
      const Verdict verdict = decide(Subject{.group = *group}, request, Stage::request, *time);
      std::string expected(to_string(test.expect));
      bool as_expected = verdict.action == test.expect;
      if (test.category) {
        expected += " (" + *test.category + ")";
        as_expected = as_expected && verdict.reason.named() == categories().find(*test.category) &&
                      verdict.reason.named() != kNoCategory;
      }
      if (!as_expected) fails(test, "expected " + expected + ", got " + said(*this, verdict));
    }
  }
  return problems;
}

}  // namespace schoolgate::rules
