#include "rules/measures.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/uuid.h"
#include "rules/near_match.h"
#include "rules/site_text.h"

namespace schoolgate::rules {
namespace {

using MeasureKind = Measure::Kind;

constexpr MeasureKind kKinds[] = {MeasureKind::emergency, MeasureKind::supervised, MeasureKind::exam};

bool is_group(const PolicySpec& spec, std::string_view id) {
  return std::ranges::find(spec.groups, id, &GroupSpec::id) != spec.groups.end();
}

Result<void> check_time(const Measure& measure) {
  if (measure.until <= measure.from)
    return fail(Fault::client, "it ends before it begins", "give a time that is yet to come");
  const auto lasts = measure.until - measure.from;
  if (measure.kind == MeasureKind::supervised && lasts > kLongestSupervised)
    return fail(Fault::client, "a supervised session lasts an hour at most", "open it again when the hour is over");
  if (measure.kind == MeasureKind::exam && lasts > kLongestExam)
    return fail(Fault::client, "an exam lasts 12 hours at most", "open one for each day");
  return {};
}

Result<void> check_groups(const Measure& measure, const PolicySpec& spec) {
  if (measure.kind == MeasureKind::emergency) {
    if (measure.groups.empty() && measure.networks.empty()) return {};
    return fail(Fault::client, "an emergency block is for every group", "leave groups and networks out");
  }
  if (measure.groups.empty()) return fail(Fault::client, "no group is named", "name the groups it is for");
  for (const std::string& id : measure.groups)
    if (!is_group(spec, id)) {
      std::vector<std::string> ids;
      for (const GroupSpec& group : spec.groups) ids.push_back(group.id);
      return fail(Fault::client, "there is no group " + in_quotes(id), near_match_hint(id, ids));
    }
  return {};
}

Result<void> check_sites(const Measure& measure) {
  if (measure.sites.empty() && measure.kind != MeasureKind::exam)
    return fail(Fault::client, "no site is named", "name at least one, such as example.org");
  for (const std::string& text : measure.sites)
    if (const auto site = read_site_text(text); !site) return std::unexpected(site.error());
  return {};
}

/// Writes one measure into a policy, rule by rule.
class Applying {
 public:
  Applying(PolicySpec& spec, const Measure& measure, Problems& problems)
      : spec_(spec), measure_(measure), problems_(problems), at_{cited_as(measure), 0, 0} {}

  void apply() {
    std::vector<std::string> groups;
    for (const std::string& id : measure_.groups)
      is_group(spec_, id) ? groups.push_back(id) : warn("there is no group " + in_quotes(id) + " any more");
    // A rule without groups would be for everybody.
    if (groups.empty() && measure_.kind != MeasureKind::emergency) return;
    const std::size_t own_rules = spec_.rules.size();
    for (const std::string& text : measure_.sites) {
      const auto site = read_site_text(text);
      if (!site) {
        warn(site.error().what);
        continue;
      }
      RuleSpec rule = part(groups);
      rule.effect = measure_.kind == MeasureKind::emergency ? RuleSpec::Effect::emergency : RuleSpec::Effect::allow;
      rule.kind = site->kind;
      rule.text = site->text;
      if (rule.effect == RuleSpec::Effect::allow) rule.needs = helpers_of(*site, own_rules);
      spec_.rules.push_back(std::move(rule));
    }
    if (measure_.kind != MeasureKind::exam) return;
    RuleSpec closure = part(groups);
    closure.effect = RuleSpec::Effect::block;
    closure.kind = RuleSpec::Kind::everything;
    spec_.rules.push_back(std::move(closure));
  }

 private:
  void warn(std::string message) { problems_.push_back({Problem::Severity::warning, at_, std::move(message), {}}); }

  [[nodiscard]] RuleSpec part(const std::vector<std::string>& groups) const {
    RuleSpec rule;
    rule.groups = groups;
    rule.networks = measure_.networks;
    rule.why = measure_.why;
    rule.approved_by = measure_.by;
    rule.ends = measure_.until;
    rule.measure = measure_.id;
    rule.at = at_;
    return rule;
  }

  /// What the school's own allow rules know of the site: opened for a lesson, it loads from the same hosts.
  [[nodiscard]] std::vector<HelperSpec> helpers_of(const SiteText& site, std::size_t own_rules) const {
    std::vector<HelperSpec> helpers;
    for (std::size_t i = 0; i < own_rules; ++i) {
      const RuleSpec& rule = spec_.rules[i];
      if (rule.effect != RuleSpec::Effect::allow || rule.kind != site.kind || rule.text != site.text) continue;
      for (const HelperSpec& helper : rule.needs)
        if (std::ranges::find(helpers, helper.host, &HelperSpec::host) == helpers.end()) helpers.push_back(helper);
    }
    return helpers;
  }

  PolicySpec& spec_;
  const Measure& measure_;
  Problems& problems_;
  SourcePosition at_;
};

}  // namespace

std::string_view to_string(Measure::Kind kind) noexcept {
  switch (kind) {
    case MeasureKind::emergency: return "emergency";
    case MeasureKind::supervised: return "supervised";
    case MeasureKind::exam: break;
  }
  return "exam";
}

std::optional<Measure::Kind> measure_kind_from(std::string_view text) noexcept {
  for (const MeasureKind kind : kKinds)
    if (text == to_string(kind)) return kind;
  return std::nullopt;
}

std::string cited_as(const Measure& measure) {
  const auto id = Uuid::from_text(measure.id);
  return "measure " + std::string(to_string(measure.kind)) + " " + (id ? id->reference() : measure.id) +
         (measure.by.empty() ? "" : " by " + measure.by);
}

Result<void> check_measure(const Measure& measure, const PolicySpec& spec) {
  if (measure.by.empty()) return fail(Fault::client, "no author is named", "name the person who opens it");
  if (const auto time = check_time(measure); !time) return time;
  if (const auto groups = check_groups(measure, spec); !groups) return groups;
  return check_sites(measure);
}

Result<std::vector<std::string>> sites_of_list(const PolicySpec& spec, std::string_view name) {
  if (const auto found = spec.lists.find(std::string(name)); found != spec.lists.end()) return found->second.sites;
  std::vector<std::string> names;
  for (const auto& [known, list] : spec.lists) names.push_back(known);
  const std::string hint = near_match_hint(name, names);
  return fail(Fault::client, "there is no list " + in_quotes(name),
              !hint.empty() ? hint : "lists of sites are written under 'lists:' in rules/*.yaml");
}

Problems apply_measures(PolicySpec& spec, std::span<const Measure> measures, TimePoint now) {
  Problems problems;
  for (const Measure& measure : measures)
    if (measure.from <= now && now < measure.until) Applying(spec, measure, problems).apply();
  return problems;
}

std::optional<TimePoint> next_change(std::span<const Measure> measures, TimePoint now) {
  std::optional<TimePoint> next;
  const auto consider = [&](TimePoint time) {
    if (time > now && time != TimePoint::max() && (!next || time < *next)) next = time;
  };
  for (const Measure& measure : measures) {
    consider(measure.from);
    consider(measure.until);
  }
  return next;
}

}  // namespace schoolgate::rules
