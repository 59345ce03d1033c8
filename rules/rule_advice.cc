#include "rules/rule_advice.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "blocklists/public_suffix.h"
#include "names/host.h"
#include "names/url.h"
#include "rules/own_rules.h"

namespace schoolgate::rules {
namespace {

using Effect = RuleSpec::Effect;
using Kind = RuleSpec::Kind;

std::string_view parent_of(std::string_view host) {
  const std::size_t dot = host.find('.');
  return dot == std::string_view::npos ? std::string_view() : host.substr(dot + 1);
}

std::string verb_of(Effect effect) {
  if (effect == Effect::allow) return "allows";
  return effect == Effect::emergency ? "blocks, as an emergency," : "blocks";
}

/// A rule with its place in canonical form.
struct Placed {
  const RuleSpec* spec;
  std::string host;   ///< of a site or URL; empty: a pattern or term, or one that does not compile
  std::string place;  ///< the host, or host, path and query
};

Placed placed(const RuleSpec& spec) {
  Placed out{&spec, {}, spec.text};
  if (spec.kind == Kind::site) {
    if (const auto host = names::Host::parse(spec.text)) out.host = out.place = host->text();
  } else if (spec.kind == Kind::url) {
    if (const auto url = names::Url::parse(spec.text)) {
      out.host = url->host();
      out.place = url->text().substr(std::size_t(url->host().data() - url->text().data()));
    }
  }
  return out;
}

bool same_reach(const RuleSpec& one, const RuleSpec& other) {
  return one.until == other.until && one.ends == other.ends && std::ranges::equal(one.networks, other.networks) &&
         one.measure == other.measure;
}

class Advice {
 public:
  explicit Advice(const PolicySpec& policy) : opens_for_patterns_(policy.inspection == InspectionMode::selective) {
    for (const RuleSpec& rule : policy.rules)
      if (rule.measure.empty() && rule.kind != Kind::everything) rules_.push_back(placed(rule));
    for (const Placed& rule : rules_)
      if (!rule.host.empty()) of_host_[rule.host].push_back(&rule);
  }

  Problems give() {
    for (const Placed& rule : rules_) {
      if (look_for_twin(rule)) continue;
      if (rule.spec->kind == Kind::pattern) look_at_pattern(rule);
      if (rule.host.empty()) continue;
      if (look_for_wider(rule)) continue;
      look_at_host(rule);
      if (rule.spec->kind == Kind::url) look_at_url(rule);
    }
    return std::move(problems_);
  }

 private:
  void warn(const Placed& rule, std::string message, std::string hint) {
    problems_.push_back({Problem::Severity::warning, rule.spec->at, std::move(message), std::move(hint)});
  }

  bool look_for_twin(const Placed& rule) {
    std::vector<std::string> groups = rule.spec->groups;
    std::ranges::sort(groups);
    std::string key = std::to_string(int(rule.spec->effect)) + std::to_string(int(rule.spec->kind)) + rule.place;
    for (const std::string& group : groups) key += '\n' + group;
    auto& twins = twins_[key];
    const auto twin =
        std::ranges::find_if(twins, [&](const Placed* one) { return same_reach(*one->spec, *rule.spec); });
    if (twin != twins.end()) {
      const bool other_category = (*twin)->spec->category != rule.spec->category;
      warn(rule, "the rule for '" + rule.spec->text + "' stands twice: also at " + (*twin)->spec->at.line_text(),
           other_category ? "the two name different categories: keep the one that records should have" : "remove one");
      return true;
    }
    twins.push_back(&rule);
    return false;
  }

  // A rule for a place inside that of another with the same effect, unless a rule in between opens or closes something.
  bool look_for_wider(const Placed& rule) {
    const RuleSpec& spec = *rule.spec;
    if (spec.effect == Effect::emergency || !spec.needs.empty()) return false;
    const auto of_other_effect = [&](const Placed* one) { return one->spec->effect != spec.effect; };
    for (std::string_view host = rule.host; !host.empty(); host = parent_of(host)) {
      const auto found = of_host_.find(host);
      if (found == of_host_.end()) continue;
      if (std::ranges::any_of(found->second, of_other_effect)) return false;
      for (const Placed* wider : found->second) {
        if (!covers(*wider, rule)) continue;
        warn(rule,
             "the rule for '" + spec.text + "' changes nothing: " + wider->spec->at.line_text() + " " +
                 verb_of(spec.effect) + " " + wider->host + " and everything under it",
             "remove the narrower one, or make the wider one narrower");
        return true;
      }
    }
    return false;
  }

  static bool covers(const Placed& wider, const Placed& rule) {
    const RuleSpec &wide = *wider.spec, &narrow = *rule.spec;
    if (&wide == &narrow || wide.kind != Kind::site || wide.effect != narrow.effect) return false;
    if (wider.host == rule.host && narrow.kind == Kind::site) return false;
    if (wide.category != narrow.category || !same_reach(wide, narrow)) return false;
    const auto is_there = [&](const std::string& group) {
      return std::ranges::find(wide.groups, group) != wide.groups.end();
    };
    return wide.groups.empty() || (!narrow.groups.empty() && std::ranges::all_of(narrow.groups, is_there));
  }

  void look_at_host(const Placed& rule) {
    if (!blocklists::is_public_suffix(rule.host)) return;
    const std::string what =
        "'" + rule.host + "' " + (rule.host.contains('.') ? "is a public suffix" : "has no dot") + ": ";
    if (rule.spec->kind == Kind::url) return warn(rule, what + "hardly a site is there", "write the site's whole name");
    warn(rule, what + "the rule is for every site whose name ends in ." + rule.host,
         "write the site's whole name, such as example." + rule.host);
  }

  void look_at_pattern(const Placed& rule) {
    const RuleSpec& spec = *rule.spec;
    if (!opens_for_patterns_ || spec.effect == Effect::allow || !literal_host_of(spec.text).empty()) return;
    std::string whose = spec.groups.empty() ? "every group" : "";
    for (const std::string& group : spec.groups) whose += (whose.empty() ? "" : ", ") + group;
    warn(rule,
         "the pattern may occur at any site, so the HTTPS connections of " + whose +
             " to every site are opened to look for it",
         "begin it with a site of its own, such as ^https?://name\\.example/, or write a site, url or term");
  }

  void look_at_url(const Placed& rule) {
    if (const std::size_t star = rule.spec->text.find('*'); star != std::string::npos)
      return warn(rule, "in a url '*' stands for itself",
                  star + 1 == rule.spec->text.size()
                      ? "a url is for everything under it: write " + rule.spec->text.substr(0, star)
                      : "for a part of an address that varies write a pattern");
    const bool is_registered =
        blocklists::is_public_suffix(parent_of(rule.host)) && !blocklists::is_public_suffix(rule.host);
    if (!is_registered) return;
    const std::string with_www = "www." + rule.host;
    const auto known = of_host_.find(with_www);
    const std::string place = "www." + rule.place;
    if (known != of_host_.end() && std::ranges::any_of(known->second, [&](const Placed* one) {
          return one->spec->effect == rule.spec->effect && (one->spec->kind == Kind::site || one->place == place);
        }))
      return;
    warn(rule, "the rule for '" + rule.spec->text + "' is not for " + with_www + ", where most sites lead",
         "write one for " + place + " too, or a site: for the whole of it");
  }

  std::vector<Placed> rules_;
  std::map<std::string, std::vector<const Placed*>, std::less<>> of_host_;
  std::map<std::string, std::vector<const Placed*>> twins_;
  bool opens_for_patterns_;
  Problems problems_;
};

}  // namespace

Problems rule_advice(const PolicySpec& policy) { return Advice(policy).give(); }

}  // namespace schoolgate::rules
