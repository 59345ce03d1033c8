#include "app/desk_facts.h"

#include <algorithm>
#include <utility>

#include "app/list_keeping.h"
#include "app/opening.h"
#include "app/policy_words.h"
#include "blocklists/public_suffix.h"
#include "blocklists/store.h"
#include "breaches/audit_log.h"
#include "rules/shipped_tables.h"

namespace schoolgate::app {
namespace {

using console::Limit;

bool any_illegal_list(const rules::PolicySnapshot& policy) {
  return std::ranges::any_of(policy.lists().lists(), [&](const blocklists::ListInfo& list) {
    const rules::CategoryId category = policy.categories().find(list.category);
    return category != rules::kNoCategory && policy.categories()[category].illegal;
  });
}

void add_encryption(std::vector<Limit>& limits, const config::Configuration& configuration) {
  if (!can_open(configuration.settings)) {
    limits.push_back(
        {"The content of encrypted connections: pages, searches, videos. Only the name of "
         "the site is seen.",
         configuration.settings.inspection == rules::InspectionMode::off
             ? "inspection.mode in schoolgate.yaml is off"
             : "there is no certificate authority yet (schoolgate ca create)",
         "Rules for whole addresses and for search terms hold for unencrypted pages only."});
    return;
  }
  if (configuration.settings.inspection == rules::InspectionMode::selective)
    limits.push_back(
        {"Most encrypted connections from the inside: they are opened only where a rule needs more than the "
         "name of the site.",
         "inspection.mode in schoolgate.yaml is selective",
         "schoolgate inspect-report lists opened connections by group, with the reason."});
  limits.push_back({"Banks, health services and the sites that the school excepted are never opened.",
                    "the built-in never list and inspection.never in schoolgate.yaml", ""});
  limits.push_back(
      {"Apps that accept no other certificate than their own, and devices without the school's certificate.",
       "such connections are judged by the name of the site, or fail",
       "The register of devices marks those that are judged by name only."});
}

void add_people(std::vector<Limit>& limits, const config::Configuration& configuration) {
  const auto& sources = configuration.settings.identity.sources;
  if (sources.empty()) {
    limits.push_back({"The person: records name the device's address, not a person.",
                      "identity.sources in schoolgate.yaml is empty", "Switch on a source: docs/identity.md."});
    return;
  }
  limits.push_back({"The person, for sure, with classes that share a sign-in and pupils who have no password.",
                    "Early Years and Year 1 sign in as a class or by name",
                    "Every record says how sure it is: login, class, device, network or unknown."});
}

void add_always(std::vector<Limit>& limits, const config::Configuration& configuration) {
  limits.push_back(
      {"The content of pictures and films, and the words of pages: sites are judged by name, address and search.",
       "the gateway reads addresses, not bodies", "Supervision in the room."});
  limits.push_back({"Text written in apps, chats and documents, or kept on a device.",
                    "a web filter sees web requests only",
                    "Device monitoring, where the school has it; this filter alone is not all that monitoring means."});
  limits.push_back({"Telephones on mobile data, and school devices away from school.",
                    "their connections do not pass this gateway", ""});
  if (!configuration.settings.decisions)
    limits.push_back({"Visits in the minutes before and after a breach.",
                      "decisions in schoolgate.yaml is not set: no log of all requests is kept", ""});
}

std::string licence_of(const config::ListConfig& list) { return list.sealed ? "sealed: the school's own licence" : ""; }

// What cannot be read, or not be answered, is treated as sealed.
bool is_sealed(const rules::PolicySnapshot& policy, std::string_view address) {
  const auto url = names::Url::parse(address);
  if (!url) return true;
  blocklists::Matches matches;
  bool undecided = false;
  policy.lists().lookup(*url, matches, undecided);
  if (undecided || matches.overflowed()) return true;
  const auto lists = policy.lists().lists();
  return std::ranges::any_of(matches.items(), [&](const blocklists::Match& match) {
    const rules::CategoryId category = policy.categories().find(lists[match.list].category);
    return lists[match.list].sealed || (category != rules::kNoCategory && policy.categories()[category].illegal);
  });
}

// What cannot be read as a site has no facts: the measure's own check says so.
console::SiteFacts site_facts(const config::Configuration& configuration, const rules::PolicySnapshot& policy,
                              std::string_view site) {
  console::SiteFacts facts;
  const auto url = names::Url::parse("http://" + std::string(site));
  if (!url) return facts;
  facts.host = url->host();
  facts.has_path = site.find('/') != std::string_view::npos;
  facts.public_suffix = blocklists::is_public_suffix(facts.host);
  facts.path_unseen = !can_open(configuration.settings);
  facts.help = !rules::support_site_of(facts.host).empty();
  blocklists::Matches matches;
  bool undecided = false;
  policy.lists().lookup(*url, matches, undecided);
  const auto lists = policy.lists().lists();
  for (const blocklists::Match& match : matches.items()) {
    const rules::CategoryId id = policy.categories().find(lists[match.list].category);
    if (id == rules::kNoCategory) continue;
    const rules::Category& category = policy.categories()[id];
    facts.help = facts.help || category.support;
    if (std::ranges::find(facts.categories, category.id, &console::SiteFacts::OnList::id) == facts.categories.end())
      facts.categories.push_back(
          {.id = category.id, .title = category.title, .urgency = category.urgency, .illegal = category.illegal});
  }
  return facts;
}

}  // namespace

console::PolicyFacts policy_facts(const config::Configuration& configuration, const rules::PolicySnapshot& policy) {
  console::PolicyFacts facts{.version = policy.version()};
  for (const rules::GroupSpec& group : configuration.policy.groups) facts.groups.push_back({group.id, group.title});
  facts.in_words = policy_in_words(configuration.policy, policy.categories());
  for (const auto& list : configuration.policy.lists) facts.session_lists.push_back(list.first);
  for (const rules::RuleSpec& rule : configuration.policy.rules) {
    if (rule.approved_by.empty()) continue;
    std::string approval = rule.approved_by;
    if (!rule.risk_assessment.empty()) approval += ", " + rule.risk_assessment;
    facts.approvals.emplace_back("allow " + rule.text, std::move(approval));
  }
  return facts;
}

std::vector<Limit> limits_of(const config::Configuration& configuration, const rules::PolicySnapshot& policy) {
  std::vector<Limit> limits;
  if (!any_illegal_list(policy))
    limits.push_back(
        {"Addresses that are illegal to show: no licensed list of child abuse images or of unlawful "
         "terrorist content is loaded.",
         "lists.yaml names none",
         "Schools get these lists as members or through their provider; see docs/administration.md."});
  add_encryption(limits, configuration);
  add_people(limits, configuration);
  add_always(limits, configuration);
  return limits;
}

std::vector<console::ListAge> list_ages(const config::Configuration& configuration, const rules::PolicySnapshot& policy,
                                        TimePoint now) {
  std::vector<console::ListAge> out;
  const auto store = blocklists::ListStore::open(configuration.settings.state);
  const SourceStates states = store ? store->source_states() : SourceStates();
  const auto in_force = policy.lists().lists();
  const auto troubles = list_troubles(configuration.lists, in_force, states, now);
  for (const config::ListConfig& list : configuration.lists) {
    console::ListAge age{.name = list.name, .category = list.category, .licence = licence_of(list)};
    if (const blocklists::ListInfo* info = find_list(in_force, list.name)) {
      age.entries = info->hosts + info->urls + info->patterns;
      age.updated = known_good(list, *info, states, now);
    }
    const auto trouble =
        std::ranges::find_if(troubles, [&](const ListTrouble& one) { return one.kind.ends_with(": " + list.name); });
    age.state = trouble == troubles.end() ? "fresh" : trouble->text;
    out.push_back(std::move(age));
  }
  return out;
}

void add_facts(console::Hooks& hooks, DeskSources sources) {
  hooks.snapshot = [sources] { return sources.policy(); };
  hooks.spec = [sources] { return sources.configuration()->policy; };
  hooks.opens = [sources] { return can_open(sources.configuration()->settings); };
  hooks.policy = [sources] { return policy_facts(*sources.configuration(), *sources.policy()); };
  hooks.what_cannot_be_seen = [sources] { return limits_of(*sources.configuration(), *sources.policy()); };
  hooks.list_ages = [sources] { return list_ages(*sources.configuration(), *sources.policy(), wall_now()); };
  hooks.site_facts = [sources](std::string_view site) {
    return site_facts(*sources.configuration(), *sources.policy(), site);
  };
  hooks.is_sealed = [sources](std::string_view address) { return is_sealed(*sources.policy(), address); };
  hooks.changes = [sources] {
    std::vector<std::string> lines;
    const auto read = breaches::list_audit(sources.configuration()->settings.state, [&](std::string_view record) {
      lines.emplace_back(record);
      return true;
    });
    if (!read) lines.push_back("the audit log cannot be read: " + read.error().text());
    std::ranges::reverse(lines);
    return lines;
  };
}

}  // namespace schoolgate::app
