#include "rules/needs_learner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "names/host.h"
#include "names/url.h"
#include "rules/compiled_policy.h"

namespace schoolgate::rules {
namespace {

constexpr std::size_t kMostEvents = 2'000'000;
constexpr std::size_t kMostTexts = 200'000;
constexpr std::uint64_t kLeastFollowed = 3;  ///< occasions, where only the time speaks
constexpr int kUrgent = 2;                   ///< a category of this urgency is in nobody's interest unread

bool ever_walled_in(const GroupSpec& group) {
  return group.unlisted == Action::block ||
         std::ranges::any_of(group.schedules, [](const auto& item) { return item.unlisted == Action::block; });
}

bool is_over(const RuleSpec& rule, TimePoint now) {
  return (rule.until && std::chrono::sys_days(*rule.until) < std::chrono::floor<std::chrono::days>(now)) ||
         (rule.ends && *rule.ends <= now);
}

bool is_for(const RuleSpec& rule, const std::string& group) {
  return rule.groups.empty() || std::ranges::find(rule.groups, group) != rule.groups.end();
}

/// Whether somebody at this school is kept from the category, at whatever time.
bool is_kept_from(const PolicySpec& spec, std::string_view category) {
  const auto keeps = [&](const CategoryActionSpec& item) {
    return item.category == category && (item.action == Action::block || item.action == Action::warn);
  };
  return std::ranges::any_of(spec.groups, [&](const GroupSpec& group) {
    return std::ranges::any_of(group.categories, keeps) ||
           std::ranges::any_of(group.schedules,
                               [&](const auto& schedule) { return std::ranges::any_of(schedule.categories, keeps); });
  });
}

}  // namespace

NeedsLearner::NeedsLearner(const PolicySpec& spec, const PolicySnapshot& policy, TimePoint now)
    : spec_(spec), policy_(policy), now_(now) {
  for (const GroupSpec& group : spec.groups)
    if (ever_walled_in(group)) walled_in_.insert(group.id);
  for (const RuleSpec& rule : spec.rules) {
    using Kind = RuleSpec::Kind;
    if (rule.effect != RuleSpec::Effect::allow || !rule.measure.empty() || is_over(rule, now)) continue;
    if (rule.kind != Kind::site && rule.kind != Kind::url) continue;
    std::optional<std::string> host;
    if (rule.kind == Kind::site) {
      if (const auto site = names::Host::parse(rule.text)) host = site->text();
    } else if (const auto url = names::Url::parse(rule.text)) {
      host = std::string(url->host());
    }
    if (host) sites_.push_back({&rule, std::move(*host), rule.kind == Kind::site});
  }
}

std::uint32_t NeedsLearner::number_of(std::string_view text) {
  if (const auto known = numbers_.find(text); known != numbers_.end()) return known->second;
  const auto number = static_cast<std::uint32_t>(texts_.size());
  numbers_.emplace(text, number);
  texts_.emplace_back(text);
  return number;
}

bool NeedsLearner::add(const SeenRequest& seen) {
  if (!walled_in_.contains(seen.group) || seen.host.empty()) return true;
  if (events_.size() >= kMostEvents || texts_.size() + 4 > kMostTexts) return false;
  if (!seen.refused && site_of(seen.host, std::string(seen.group)) < 0) return true;  // opens nobody's page
  Event event{.time = seen.time,
              .device = number_of(seen.device),
              .group = number_of(seen.group),
              .host = number_of(seen.host),
              .refused = seen.refused};
  if (seen.refused && !seen.page.empty()) event.page = static_cast<std::int32_t>(number_of(seen.page));
  events_.push_back(event);
  return true;
}

// As the judge has it: the exact host before a parent, the nearer parent before the farther; a helper's own pages are
// the site's that needs it.
int NeedsLearner::site_of(std::string_view page, const std::string& group) const {
  int best = -1;
  std::size_t closeness = 0;
  bool shared = false;
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    const Site& site = sites_[i];
    if (!is_for(*site.rule, group)) continue;
    std::size_t close = 0;
    if (page == site.host)
      close = 1000 + site.under;  // a `url` rule and a `site` rule of one host: the site
    else if (site.under && names::is_same_or_under(page, site.host))
      close = 2 + site.host.size();
    else if (std::ranges::find(site.rule->needs, page, &HelperSpec::host) != site.rule->needs.end())
      close = 1;
    if (close == 0 || close < closeness) continue;
    shared = close == closeness && close == 1;  // a helper of two sites tells of neither
    if (close > closeness) best = static_cast<int>(i);
    closeness = close;
  }
  return shared ? -1 : best;
}

std::string NeedsLearner::against(const std::string& host, const std::set<std::string>& groups, bool& hidden,
                                  bool& open) const {
  const auto parsed = names::Host::parse(host);
  if (!parsed) return "not a host name";
  const Request request = Request::of_host(*parsed, 443, "CONNECT");
  const CompiledPolicy& compiled = policy_.compiled();
  std::string found;
  blocklists::Matches matches;
  bool undecided = false;
  compiled.lists->lookup(request.url(), matches, undecided);
  for (const blocklists::Match& match : matches.items()) {
    const blocklists::ListInfo& list = compiled.lists->lists()[match.list];
    const CategoryId category = compiled.category_of(match);
    if (category == kNoCategory) continue;
    const Category& about = compiled.categories[category];
    hidden |= about.illegal || list.sealed;
    if (!about.support && (about.urgency >= kUrgent || is_kept_from(spec_, about.id)))
      found = "list " + list.name + " (" + about.id + ")";
  }
  if (undecided || matches.overflowed()) found = "the lists gave no full answer";
  open = true;
  for (const std::string& id : groups) {
    const auto group = policy_.find_group(id);
    if (!group) continue;
    const Verdict verdict = policy_.decide({.group = *group}, request, Stage::connect, now_);
    if (verdict.action == Action::allow || verdict.action == Action::monitor) continue;
    open = false;
    if (verdict.reason.tier == Tier::illegal) hidden = true;
    if (verdict.reason.tier == Tier::unlisted || !found.empty()) continue;
    const Citation cited = policy_.cite(verdict);
    found = cited.rule.empty() ? "list " + cited.list + " (" + cited.category + ")"
                               : "the rule '" + cited.rule + "' at " + cited.source;
  }
  return found;
}

NeedsLearner::Evidence NeedsLearner::gather() const {
  std::vector<Event> events = events_;
  std::ranges::sort(
      events, {}, [](const Event& event) { return std::tuple(event.device, event.group, event.time, event.refused); });
  Evidence evidence;
  const auto note = [&](int site, const Event& event) -> Found& {
    Found& found = evidence.found[{static_cast<std::size_t>(site), event.host}];
    found.needed.last = std::max(found.needed.last, event.time);
    found.devices.insert(event.device);
    evidence.groups[static_cast<std::size_t>(site)].insert(texts_[event.group]);
    return found;
  };

  std::size_t first = 0;  // the window of what the same device opened just before
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    while (events[first].device != event.device || events[first].group != event.group ||
           events[first].time + kLoadsWithin < event.time)
      ++first;
    if (!event.refused) continue;
    if (event.page >= 0) {
      const int site = site_of(texts_[static_cast<std::size_t>(event.page)], texts_[event.group]);
      if (site >= 0) ++note(site, event).needed.told;
      continue;
    }
    ++evidence.by_name[event.host];
    int only = -1;
    bool several = false;
    TimePoint opened;
    for (std::size_t j = first; j < i; ++j) {
      if (events[j].refused) continue;
      const int site = site_of(texts_[events[j].host], texts_[event.group]);
      several |= only >= 0 && site != only;
      only = site;
      opened = events[j].time;
    }
    if (only < 0 || several) continue;
    Found& found = note(only, event);
    ++found.requests;
    // What was opened within the same seconds is one visit.
    found.occasions.insert({event.device, std::chrono::floor<std::chrono::minutes>(opened)});
  }
  return evidence;
}

SiteNeeds NeedsLearner::needs_of(std::size_t number, const Evidence& evidence) const {
  const Site& site = sites_[number];
  SiteNeeds needs{
      .site = site.rule->text, .at = site.rule->at, .groups = {}, .has = {}, .proposed = {}, .not_proposed = {}};
  const auto groups = evidence.groups.find(number);
  if (groups == evidence.groups.end()) return needs;  // no host was refused beneath it
  needs.groups.assign(groups->second.begin(), groups->second.end());
  for (const HelperSpec& helper : site.rule->needs) needs.has.push_back(helper.host);
  for (auto at = evidence.found.lower_bound({number, 0}); at != evidence.found.end() && at->first.first == number;
       ++at) {
    const Found& found = at->second;
    const auto named = evidence.by_name.find(at->first.second);
    const std::uint64_t by_name = named == evidence.by_name.end() ? 0 : named->second;
    NeededHost needed = found.needed;
    needed.host = texts_[at->first.second];
    needed.devices = found.devices.size();
    needed.followed = found.occasions.size();
    needed.apart = by_name - found.requests;
    if (needed.told == 0 && (needed.followed < kLeastFollowed || found.requests * 4 < by_name * 3)) continue;
    bool hidden = false, open = false;
    needed.against = against(needed.host, groups->second, hidden, open);
    if (hidden || open) continue;
    (needed.against.empty() ? needs.proposed : needs.not_proposed).push_back(std::move(needed));
  }
  const auto surest_first = [](std::vector<NeededHost>& hosts) {
    std::ranges::sort(hosts, [](const NeededHost& a, const NeededHost& b) {
      return std::tuple(b.told, b.followed, a.host) < std::tuple(a.told, a.followed, b.host);
    });
  };
  surest_first(needs.proposed);
  surest_first(needs.not_proposed);
  return needs;
}

std::vector<SiteNeeds> NeedsLearner::proposals() const {
  const Evidence evidence = gather();
  std::vector<SiteNeeds> all;
  for (std::size_t i = 0; i < sites_.size(); ++i)
    if (SiteNeeds needs = needs_of(i, evidence); !needs.proposed.empty() || !needs.not_proposed.empty())
      all.push_back(std::move(needs));
  return all;
}

}  // namespace schoolgate::rules
