#include "rules/inspection_plan.h"

#include <algorithm>

#include "rules/compiled_policy.h"
#include "rules/data_lines.h"
#include "rules/embedded_data.h"
#include "rules/shipped_tables.h"

namespace schoolgate::rules {
namespace {

class Planner {
 public:
  Planner(const PolicySnapshot& snapshot, GroupIndex group, TimePoint now)
      : snapshot_(snapshot), policy_(snapshot.compiled()), group_(policy_.known(group)), now_(now) {}

  [[nodiscard]] std::vector<PlannedOpening> plan() && {
    if (policy_.inspection == InspectionMode::off) return {};
    if (policy_.inspection == InspectionMode::always) plan_.push_back({.reason = InspectReason::always});
    own_rules();
    lists();
    engines();
    hosts_of(InspectReason::safe_search, data::kSafeSearchParameters, 0);
    tenants();
    hosts_of(InspectReason::wrapper, data::kUrlWrappers, 0);
    if (policy_.groups[group_].inspect_unlisted) plan_.push_back({.reason = InspectReason::unlisted});
    return std::move(plan_);
  }

 private:
  /// What the judge says of this host, asked by its name.
  [[nodiscard]] Inspection asked(std::string_view text) const {
    const auto host = names::Host::parse(text);
    if (!host) return {};
    const Request by_name = Request::of_host(*host, 443, "CONNECT");
    return snapshot_.why_inspect({.group = group_}, by_name, now_);
  }

  /// A name that stands for a row of a table: "www.google.*" is many, ".example.org" any under it.
  static std::string example_of(std::string_view host) {
    std::string name(host.starts_with('.') ? host.substr(1) : host);
    if (name.ends_with(".*")) name.replace(name.size() - 1, 1, "com");
    return name;
  }

  void own_rules() {
    const std::vector<OwnRule>& rules = policy_.rules.all();
    std::vector<std::string> seen;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const OwnRule& rule = rules[i];
      const bool pattern = rule.kind == RuleSpec::Kind::pattern;
      if ((rule.kind != RuleSpec::Kind::url && !pattern) || !rule.applies({group_, {}, now_})) continue;
      std::string host(pattern ? policy_.rules.host_of_pattern(static_cast<std::uint32_t>(i))
                               : std::string_view(rule.entry).substr(0, rule.entry.find_first_of(":/?")));
      if (!pattern && rule.entry.starts_with('[')) host = rule.entry.substr(0, rule.entry.find(']') + 1);
      // A host that no list and no other rule knows: what the pattern does to all the others.
      const Inspection found = asked(host.empty() ? "any-host.invalid" : host);
      if (!opens(found.reason) || found.rule < 0) continue;
      if (host.empty() && found.rule != static_cast<std::int32_t>(i)) continue;
      if (std::ranges::find(seen, host) != seen.end()) continue;
      seen.push_back(host);
      PlannedOpening opening = of_rule(found);
      if (!host.empty() && !opening.sealed) opening.hosts.push_back(std::move(host));
      plan_.push_back(std::move(opening));
    }
  }

  [[nodiscard]] PlannedOpening of_rule(const Inspection& found) const {
    Verdict verdict;
    verdict.reason.rule = found.rule;
    verdict.reason.category = found.category;
    const Citation citation = snapshot_.cite(verdict);
    return {.reason = found.reason, .rule = citation.rule, .source = citation.source, .sealed = citation.sealed};
  }

  /// Whether an entry about part of a host that nothing else names could change this group's answer.
  [[nodiscard]] bool changes_something(CategoryId category) const {
    const Category& about = policy_.categories[category];
    const GroupPolicy& group = policy_.groups[group_];
    const GroupPolicy::Open open = group.open_at(policy_.clock, now_);
    const Action otherwise = group.unlisted(open);
    if (about.illegal) return otherwise != Action::block;
    if (about.support) return otherwise != Action::allow;
    const CategorySetting setting = group.setting(category, open);
    return setting.named && setting.action != otherwise;
  }

  void lists() {
    const auto all = snapshot_.lists().lists();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const blocklists::ListInfo& list = all[i];
      const CategoryId category = policy_.category_of_list[i];
      if (category == kNoCategory || policy_.never_inspect_categories[category]) continue;
      PlannedOpening opening{.list = list.name, .category = list.category, .sealed = list.sealed};
      if (!list.sealed) opening.source = list.source;
      if (list.urls > 0 && changes_something(category)) {
        opening.reason = InspectReason::url_entry;
        opening.entries = list.urls;
        plan_.push_back(opening);
      }
      if (list.hosts > 0 && policy_.groups[group_].inspects(category)) {
        opening.reason = InspectReason::category;
        opening.entries = list.hosts;
        plan_.push_back(opening);
      }
    }
  }

  void engines() {
    std::vector<PlannedOpening> found;
    for_each_row(data::kSearchEngines, [&](const auto& words) {
      if (asked(example_of(words[1])).reason != InspectReason::search_terms) return;
      auto here = std::ranges::find(found, std::string(words[0]), &PlannedOpening::name);
      if (here == found.end()) {
        found.push_back({.reason = InspectReason::search_terms, .name = std::string(words[0])});
        here = found.end() - 1;
      }
      const std::string host(words[1]);
      if (std::ranges::find(here->hosts, host) == here->hosts.end()) here->hosts.push_back(host);
    });
    plan_.insert(plan_.end(), std::move_iterator(found.begin()), std::move_iterator(found.end()));
  }

  /// The hosts of a table that the judge opens for this reason.
  void hosts_of(InspectReason reason, std::string_view table, std::size_t column) {
    PlannedOpening opening{.reason = reason};
    for_each_row(table, [&](const auto& words) {
      const std::string host(words[column]);
      if (host == "*" || host.starts_with('~') || asked(example_of(host)).reason != reason) return;
      if (std::ranges::find(opening.hosts, host) == opening.hosts.end()) opening.hosts.push_back(host);
    });
    if (!opening.hosts.empty()) plan_.push_back(std::move(opening));
  }

  void tenants() {
    PlannedOpening opening{.reason = InspectReason::tenants};
    for (const char* host :
         {".google.com", "login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "login.live.com"})
      if (is_tenant_host(example_of(host), policy_.groups[group_].tenants)) opening.hosts.emplace_back(host);
    if (!opening.hosts.empty()) plan_.push_back(std::move(opening));
  }

  const PolicySnapshot& snapshot_;
  const CompiledPolicy& policy_;
  GroupIndex group_;
  TimePoint now_;
  std::vector<PlannedOpening> plan_;
};

}  // namespace

std::vector<PlannedOpening> inspection_plan(const PolicySnapshot& snapshot, GroupIndex group, TimePoint now) {
  return Planner(snapshot, group, now).plan();
}

NeverOpened never_opened(const PolicySnapshot& snapshot) {
  const CompiledPolicy& policy = snapshot.compiled();
  NeverOpened never;
  never.sites.assign(policy.never_inspect_sites.begin(), policy.never_inspect_sites.end());
  std::ranges::sort(never.sites);
  for (std::size_t i = 0; i < policy.never_inspect_categories.size(); ++i)
    if (policy.never_inspect_categories[i])
      never.categories.push_back(policy.categories[static_cast<CategoryId>(i)].id);
  for_each_row(data::kNeverInspect, [&](const auto& words) {
    if (words.size() >= 2) never.shipped.emplace_back(words[0], words[1]);
  });
  return never;
}

}  // namespace schoolgate::rules
