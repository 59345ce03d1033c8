// The school's own rules: all of them, searched and filtered, and what may be done with one.
#include <algorithm>

#include "casework/shown_text.h"
#include "console/change_draft.h"
#include "console/days.h"
#include "console/filter_pages.h"

namespace schoolgate::console {

namespace {

using rules::RuleSpec;

constexpr std::size_t kRulesShown = 300;

std::string effect_of(const RuleSpec& rule) {
  using enum RuleSpec::Effect;
  return rule.effect == allow        ? "Allow"
         : rule.effect == categorise ? "Search"
         : rule.effect == emergency  ? "Emergency"
                                     : "Block";
}

bool holds_text(std::string_view in, std::string_view part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
  return !std::ranges::search(in, part, {}, lower, lower).empty() || part.empty();
}

struct RuleFilter {
  std::string q, effect, group, category, ends, by;

  explicit RuleFilter(const web::Form& query)
      : q(query.get("q")),
        effect(query.get("effect")),
        group(query.get("group")),
        category(query.get("category")),
        ends(query.get("ends")),
        by(query.get("by")) {
    // A defanged address is searched for as it stands in the file.
    for (std::size_t at; (at = q.find("[.]")) != std::string::npos;) q.replace(at, 3, ".");
  }
  [[nodiscard]] bool takes(const RuleSpec& rule, std::chrono::sys_days today) const {
    if (!q.empty() && !holds_text(rule.text, q) && !holds_text(rule.why, q)) return false;
    if (!effect.empty() && effect_of(rule) != effect) return false;
    if (!group.empty() && !rule.groups.empty() && std::ranges::find(rule.groups, group) == rule.groups.end())
      return false;
    if (!category.empty() && rule.category != category) return false;
    if (!by.empty() && !holds_text(rule.approved_by, by)) return false;
    const bool over = rule.until && std::chrono::sys_days(*rule.until) < today;
    if (ends == "over") return over;
    if (ends == "soon")
      return rule.until && !over && std::chrono::sys_days(*rule.until) <= today + std::chrono::days(14);
    return ends == "never" ? !rule.until.has_value() : true;
  }
};

std::string end_words(const RuleSpec& rule, std::chrono::sys_days today) {
  if (!rule.until) return "no end";
  const std::chrono::sys_days last(*rule.until);
  return (last < today ? "ended " : "until ") + day_brief(last);
}

/// "rules/school.yaml:4", without the folder of this machine.
std::string place_words(const RuleSpec& rule) {
  const std::size_t at = rule.at.file.rfind("rules/");
  return (at == std::string::npos ? rule.at.file : rule.at.file.substr(at)) + ":" + std::to_string(rule.at.line);
}

void set_rule_choices(web::View& view, const RuleFilter& filter, const rules::PolicySpec& spec) {
  for (const char* const effect : {"Block", "Allow", "Search", "Emergency"})
    view.item("effects").set("value", effect).set("words", effect).set("chosen", filter.effect == effect);
  for (const rules::GroupSpec& group : spec.groups)
    view.item("groups").set("value", group.id).set("words", group.title).set("chosen", filter.group == group.id);
  for (const rules::Category& category : spec.categories.all())
    view.item("categories")
        .set("value", category.id)
        .set("words", category.title)
        .set("chosen", filter.category == category.id);
  for (const auto& [value, words] :
       {std::pair{"soon", "In the next two weeks"}, {"over", "Ended"}, {"never", "Without an end"}})
    view.item("ends").set("value", value).set("words", words).set("chosen", filter.ends == value);
}

web::Response rules_page(const Desk& desk, const Visit& visit) {
  if (!desk.hooks().spec) return no_changes(desk, visit);
  const rules::PolicySpec spec = desk.hooks().spec();
  const RuleFilter filter(visit.request.query);
  const std::chrono::sys_days today = local_day(desk, visit.now);
  web::View view;
  set_filter_frame(desk, view, "/filter/rules");
  view.list("rules").set("q", visit.request.query.get("q")).set("by", filter.by);
  set_rule_choices(view, filter, spec);
  std::size_t found = 0;
  for (const RuleSpec& rule : spec.rules) {
    if (!rule.measure.empty() || !filter.takes(rule, today) || ++found > kRulesShown) continue;
    std::string groups;
    for (const std::string& id : rule.groups) groups += (groups.empty() ? "" : ", ") + desk.group_words(id);
    const bool linked = rule.effect != RuleSpec::Effect::emergency;
    view.item("rules")
        .set_if("path", linked ? "/filter/rules/" + rule_key(rule) : "")
        .set("words", rule_words(rule, spec))
        .set("category", rule.category)
        .set("groups", groups.empty() ? std::string("everybody") : groups)
        .set("end", end_words(rule, today))
        .set("why", rule.why);
  }
  view.set("found", found).set("cut", found > kRulesShown).set("rules_any", found != 0);
  view.set("may_propose", visit.may_change && desk.parts().changes != nullptr);
  for (const auto& [effect, words] : {std::pair{"block", "Block an address"}, {"allow", "Allow an address"}})
    view.item("adds")
        .set("words", words)
        .set("path", propose_path({{"edit", "add-rule"}, {"effect", effect}, {"kind", "address"}}));
  view.item("adds")
      .set("words", "Block a search")
      .set("path", propose_path({{"edit", "add-rule"}, {"effect", "block"}, {"kind", "term"}}));
  view.item("adds")
      .set("words", "Block a pattern")
      .set("path", propose_path({{"edit", "add-rule"}, {"effect", "block"}, {"kind", "pattern"}}));
  return desk.show(visit, "rules", std::move(view));
}

web::Response rule_page(const Desk& desk, const Visit& visit) {
  if (!desk.hooks().spec) return no_changes(desk, visit);
  const rules::PolicySpec spec = desk.hooks().spec();
  const RuleSpec* const rule = find_rule(spec, visit.request.param("rule"));
  if (rule == nullptr) return desk.not_found(visit);
  web::View view;
  set_filter_frame(desk, view, "");
  view.set("heading", rule_words(*rule, spec));
  const auto fact = [&](const char* name, const std::string& value) {
    if (!value.empty()) view.item("facts").set("name", name).set("value", value);
  };
  fact("Why", rule->why);
  fact("Category", rule->category);
  fact("Ends", end_words(*rule, local_day(desk, visit.now)));
  fact("Agreed to by", rule->approved_by);
  fact("Risk assessment", rule->risk_assessment);
  fact("Stands in", place_words(*rule));
  const std::string key = rule_key(*rule);
  view.set("remove_path", propose_path({{"edit", "remove-rule"}, {"rule", key}}));
  view.set("end_path",
           propose_path({{"edit", "end-rule"}, {"rule", key}, {"until", rule->until ? day_text(*rule->until) : ""}}));
  view.set("may_propose", visit.may_change && desk.parts().changes != nullptr);
  return desk.show(visit, "rule", std::move(view));
}

}  // namespace

void add_rule_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::policy, "/filter/rules", [&desk](const Visit& visit) { return rules_page(desk, visit); });
  desk.get(router, Area::policy, "/filter/rules/{rule}",
           [&desk](const Visit& visit) { return rule_page(desk, visit); });
}

}  // namespace schoolgate::console
