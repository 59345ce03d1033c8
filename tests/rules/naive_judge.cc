#include "tests/rules/naive_judge.h"

#include <date/tz.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

namespace schoolgate::rules::test {
namespace {

using namespace std::chrono;

bool path_covers(std::string prefix, std::string path) {
  if (prefix.ends_with('/')) prefix.pop_back();
  return path == prefix || path.starts_with(prefix + "/");
}

/// Every place at which the phrase stands as whole words, as [begin, end) over words.
std::vector<std::pair<int, int>> places(const std::string& phrase, const std::string& text) {
  const auto words_of = [](const std::string& from) {
    std::istringstream stream(from);
    return std::vector<std::string>(std::istream_iterator<std::string>(stream), {});
  };
  const auto wanted = words_of(phrase), there = words_of(text);
  std::vector<std::pair<int, int>> found;
  for (std::size_t at = 0; at + wanted.size() <= there.size(); ++at)
    if (std::equal(wanted.begin(), wanted.end(), there.begin() + std::ptrdiff_t(at)))
      found.emplace_back(int(at), int(at + wanted.size()));
  return found;
}

/// The generator writes no escapes.
std::multimap<std::string, std::string> pairs_of(const std::string& query) {
  std::multimap<std::string, std::string> pairs;
  std::istringstream all(query);
  for (std::string pair; std::getline(all, pair, '&');)
    if (const std::size_t equals = std::min(pair.find('='), pair.size()); !pair.empty())
      pairs.emplace(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  return pairs;
}

bool query_covers(const RuleSpec& rule, const std::string& own, const std::string& asked) {
  const auto wanted = pairs_of(own), found = pairs_of(asked);
  const auto is_in = [](const auto& pairs) {
    return [&](const auto& pair) { return std::ranges::find(pairs, pair) != pairs.end(); };
  };
  if (!std::ranges::all_of(wanted, is_in(found))) return false;
  if (rule.exact) return std::ranges::all_of(found, is_in(wanted));
  if (rule.effect != RuleSpec::Effect::allow) return true;
  return std::ranges::all_of(found,
                             [&](const auto& pair) { return !wanted.contains(pair.first) || is_in(wanted)(pair); });
}

bool covers(const RuleSpec& rule, const names::Url& url) {
  if (rule.kind == RuleSpec::Kind::term) return false;        // apart, below
  if (rule.kind == RuleSpec::Kind::everything) return false;  // as well
  if (rule.kind == RuleSpec::Kind::site)
    return names::is_same_or_under(url.host(), names::Host::parse(rule.text)->text());
  if (rule.kind == RuleSpec::Kind::pattern) {
    const RE2 re(rule.text);
    return RE2::PartialMatch(url.text(), re) &&
           (!url.names_only() || RE2::PartialMatch(url.text() + "zz/y.html?n=v", re));
  }
  const auto own = *names::Url::parse(rule.text);
  const bool names_port = own.text().find(std::string(own.host()) + ":") != std::string::npos;
  const bool decided_by_name = own.path() == "/" && own.query().empty();
  return own.host() == url.host() && (!names_port || own.port() == url.port()) &&
         (!url.names_only() || decided_by_name) && path_covers(std::string(own.path()), std::string(url.path())) &&
         (own.query().empty() || query_covers(rule, std::string(own.query()), std::string(url.query())));
}

/// Bigger is more specific; contract section 4, tier 4.
std::tuple<int, std::size_t, bool, int, std::size_t> rank(const PolicySpec& spec, std::size_t index,
                                                          const names::Url& url) {
  const RuleSpec& rule = spec.rules[index];
  const bool blocks = rule.effect != RuleSpec::Effect::allow;
  const std::size_t earlier = spec.rules.size() - index;
  // Of two emergency blocks that are as specific the more urgent is told of.
  const bool urgent = rule.effect == RuleSpec::Effect::emergency && !rule.category.empty();
  const int urgency = urgent ? spec.categories[spec.categories.find(rule.category)].urgency : 0;
  if (rule.kind == RuleSpec::Kind::everything) return {5, 0, blocks, urgency, earlier};
  if (rule.kind == RuleSpec::Kind::pattern) return {0, 0, blocks, urgency, earlier};
  if (rule.kind == RuleSpec::Kind::term) return {4, rule.text.size(), blocks, urgency, earlier};
  if (rule.kind == RuleSpec::Kind::site)
    return {rule.text == url.host() ? 2 : 1, rule.text.size(), blocks, urgency, earlier};
  std::string text = rule.text;  // the generator writes URLs in canonical form, without a scheme
  const std::size_t query = std::min(text.find('?'), text.size());
  const bool has_query = query != text.size();
  text.resize(query);
  if (text.ends_with('/')) text.pop_back();
  return {3, text.size() + (has_query ? 1 : 0), blocks, urgency, earlier};
}

bool is_open(const ScheduleSpec& schedule, const date::time_zone& zone, TimePoint now) {
  const auto today = date::floor<date::days>(zone.to_local(now));
  for (int back = -1; back <= 2; ++back) {
    const auto start = today - date::days(back);
    const auto weekday_from_monday = (date::weekday(start).c_encoding() + 6) % 7;
    const auto end = start + date::days(schedule.to_minute <= schedule.from_minute ? 1 : 0);
    if (schedule.days[weekday_from_monday] &&
        zone.to_sys(start + minutes(schedule.from_minute), date::choose::earliest) <= now &&
        now < zone.to_sys(end + minutes(schedule.to_minute), date::choose::latest))
      return true;
  }
  return false;
}

std::string lower(std::string text) {
  for (char& c : text) c = char(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool names_one(const std::vector<MemberSpec>& members, const std::vector<std::string>& names) {
  return std::ranges::any_of(members, [&](const MemberSpec& member) {
    return std::ranges::any_of(names, [&](const std::string& name) { return lower(member.name) == name; });
  });
}

/// What the group's `unlisted` is now: of the open schedules that say so the strictest.
Action unlisted_now(const PolicySpec& spec, const GroupSpec& group, TimePoint now) {
  std::optional<Action> open;
  for (const ScheduleSpec& schedule : group.schedules)
    if (schedule.unlisted && is_open(schedule, *date::locate_zone(spec.timezone), now))
      open = std::max(open.value_or(Action::allow), *schedule.unlisted);
  return open.value_or(group.unlisted);
}

bool is_exam(const PolicySpec& spec, const std::string& measure) {
  return !measure.empty() && std::ranges::any_of(spec.rules, [&](const RuleSpec& rule) {
    return rule.kind == RuleSpec::Kind::everything && rule.measure == measure;
  });
}

bool helps(const RuleSpec& rule, const names::Url& url, const NaiveWhere& where) {
  const auto is_helper = [&](std::string_view host) {
    return std::ranges::any_of(rule.needs, [&](const HelperSpec& helper) { return helper.host == host; });
  };
  if (!is_helper(url.host())) return false;
  if (url.names_only()) return true;
  if (!where.a_page) return false;
  if (where.page.empty() || is_helper(where.page)) return true;
  if (rule.kind == RuleSpec::Kind::url) return where.page == names::Url::parse(rule.text)->host();
  return names::is_same_or_under(where.page, rule.text);
}

}  // namespace

std::string naive_group(const PolicySpec& spec, const names::IpAddress& address, const Presence* presence) {
  if (presence != nullptr && presence->person) {
    for (const GroupSpec& group : spec.groups)
      if (names_one(group.users, {presence->person->user})) return group.id;
    for (const GroupSpec& group : spec.groups)
      if (names_one(group.directory_groups, presence->person->groups)) return group.id;
  }
  if (presence != nullptr)
    for (const GroupSpec& group : spec.groups)
      if (names_one(group.devices, {presence->device.kind})) return group.id;
  std::string found = spec.fallback;
  int longest = -1;
  for (const GroupSpec& group : spec.groups)
    for (const NetworkSpec& network : group.networks)
      if (network.network.contains(address) && network.network.prefix_length() > longest) {
        longest = network.network.prefix_length();
        found = group.id;
      }
  return found;
}

PolicySpec naive_with_measures(PolicySpec spec, const std::vector<Measure>& measures, TimePoint now) {
  const std::vector<RuleSpec> own = spec.rules;
  for (const Measure& measure : measures) {
    if (now < measure.from || measure.until <= now) continue;
    RuleSpec rule;
    rule.groups = measure.groups;
    rule.networks = measure.networks;
    rule.ends = measure.until;
    rule.measure = measure.id;
    for (const std::string& site : measure.sites) {
      rule.effect = measure.kind == Measure::Kind::emergency ? RuleSpec::Effect::emergency : RuleSpec::Effect::allow;
      rule.kind = site.find('/') == std::string::npos ? RuleSpec::Kind::site : RuleSpec::Kind::url;
      rule.text = site;
      rule.needs.clear();
      for (const RuleSpec& known : own)
        if (known.effect == RuleSpec::Effect::allow && known.kind == rule.kind && known.text == site &&
            measure.kind != Measure::Kind::emergency)
          rule.needs.insert(rule.needs.end(), known.needs.begin(), known.needs.end());
      spec.rules.push_back(rule);
    }
    if (measure.kind != Measure::Kind::exam) continue;
    rule.effect = RuleSpec::Effect::block;
    rule.kind = RuleSpec::Kind::everything;
    rule.needs.clear();
    spec.rules.push_back(rule);
  }
  return spec;
}

NaiveVerdict naive_judge(const PolicySpec& spec, const std::vector<ListEntry>& entries, const std::string& group,
                         const names::Url& url, TimePoint now, const std::string& searched, const NaiveWhere& where) {
  const date::time_zone& zone = *date::locate_zone(spec.timezone);
  const auto about = [&](const std::string& id) -> const Category& {
    return spec.categories[spec.categories.find(id)];
  };

  const auto applies = [&](const RuleSpec& rule) {
    const bool for_group = rule.effect == RuleSpec::Effect::emergency || rule.groups.empty() ||
                           std::ranges::find(rule.groups, group) != rule.groups.end();
    const bool in_time = !rule.until || date::floor<date::days>(zone.to_local(now)).time_since_epoch() <=
                                            local_days(*rule.until).time_since_epoch();
    const bool here = rule.networks.empty() || std::ranges::any_of(rule.networks, [&](const names::IpNetwork& network) {
                        return network.contains(where.address);
                      });
    return for_group && in_time && here && (!rule.ends || now < *rule.ends);
  };
  const GroupSpec& who = *std::ranges::find(spec.groups, group, &GroupSpec::id);
  const Action otherwise = unlisted_now(spec, who, now);
  std::vector<std::size_t> rules, watching, helping;
  bool in_exam = false;
  for (std::size_t i = 0; i < spec.rules.size(); ++i) {
    const RuleSpec& rule = spec.rules[i];
    if (!applies(rule)) continue;
    const bool of_exam = is_exam(spec, rule.measure);
    const bool by_helper = (otherwise == Action::block || of_exam) && helps(rule, url, where);
    if (by_helper) helping.push_back(i);
    in_exam |= of_exam && (by_helper || covers(rule, url));
  }
  if (!in_exam)
    for (std::size_t i = 0; i < spec.rules.size(); ++i)
      if (spec.rules[i].kind == RuleSpec::Kind::everything && applies(spec.rules[i])) rules.push_back(i);
  for (std::size_t i = 0; i < spec.rules.size(); ++i) {
    const RuleSpec& rule = spec.rules[i];
    if (!applies(rule)) continue;
    if (covers(rule, url)) rules.push_back(i);
    if (rule.kind != RuleSpec::Kind::term || rule.effect == RuleSpec::Effect::allow) continue;
    const bool firm = rule.effect == RuleSpec::Effect::emergency || about(rule.category).illegal;
    const auto found = places(rule.text, searched);
    const bool caught = std::ranges::any_of(found, [&](const auto& place) {
      return firm || std::ranges::none_of(spec.rules, [&](const RuleSpec& allowed) {
               if (allowed.kind != RuleSpec::Kind::term || allowed.effect != RuleSpec::Effect::allow ||
                   !applies(allowed))
                 return false;
               return std::ranges::any_of(places(allowed.text, searched), [&](const auto& wider) {
                 return wider.first <= place.first && place.second <= wider.second && wider != place;
               });
             });
    });
    if (!caught) continue;
    if (rule.effect != RuleSpec::Effect::categorise || about(rule.category).illegal)
      rules.push_back(i);
    else
      watching.push_back(i);
  }
  std::vector<ListEntry> listed;
  for (const ListEntry& entry : entries)
    if (names::is_same_or_under(url.host(), entry.host) &&
        (entry.path.empty() || (!url.names_only() && path_covers(entry.path, std::string(url.path())))))
      listed.push_back(entry);

  std::vector<const ScheduleSpec*> open;
  for (const ScheduleSpec& schedule : who.schedules)
    if (is_open(schedule, zone, now)) open.push_back(&schedule);
  const auto setting = [&](const std::string& category) {
    std::optional<Action> action;
    for (const ScheduleSpec* schedule : open)
      for (const CategoryActionSpec& item : schedule->categories)
        if (item.category == category) action = std::max(action.value_or(Action::allow), item.action);
    for (const CategoryActionSpec& item : who.categories)
      if (item.category == category && !action) action = item.action;
    return action;
  };
  const auto lists_naming = [&](const std::string& category) {
    std::set<int> lists;
    for (const ListEntry& entry : listed)
      if (entry.category == category) lists.insert(entry.list);
    return lists.size();
  };
  // What records and alerts name instead of the category that decided: a more urgent one, from urgency 4 on.
  const auto led = [&](NaiveVerdict verdict) {
    if (verdict.action == Action::allow) return verdict;
    std::set<std::string> all;
    for (const ListEntry& entry : listed) all.insert(entry.category);
    for (const std::size_t i : watching) all.insert(spec.rules[i].category);
    std::tuple<int, std::size_t, int> most{std::max(3, verdict.category.empty() ? 0 : about(verdict.category).urgency),
                                           1000, 0};
    for (const std::string& category : all) {
      if (about(category).support || setting(category) == Action::allow) continue;
      const std::tuple weight{about(category).urgency, lists_naming(category), -int(spec.categories.find(category))};
      if (weight > most) most = weight, verdict.leads = category;
    }
    return verdict;
  };

  // 1: the most urgent illegal match; a list is named before a rule.
  NaiveVerdict illegal{Action::block, Tier::illegal, "", -1};
  for (const ListEntry& entry : listed)
    if (about(entry.category).illegal &&
        (illegal.category.empty() || about(entry.category).urgency > about(illegal.category).urgency))
      illegal.category = entry.category;
  for (const std::size_t i : rules)
    if (const std::string& id = spec.rules[i].category; !id.empty() && about(id).illegal)
      if (illegal.category.empty() || about(id).urgency > about(illegal.category).urgency)
        illegal.category = id, illegal.rule = static_cast<int>(i);
  if (!illegal.category.empty()) return illegal;

  const auto best_rule = [&](bool emergency) {
    int best = -1;
    for (const std::size_t i : rules)
      if ((spec.rules[i].effect == RuleSpec::Effect::emergency) == emergency)
        if (best < 0 || rank(spec, i, url) > rank(spec, static_cast<std::size_t>(best), url))
          best = static_cast<int>(i);
    return best;
  };
  const auto by_rule = [&](int i, Tier tier) {
    const RuleSpec& rule = spec.rules[static_cast<std::size_t>(i)];
    return NaiveVerdict{rule.effect == RuleSpec::Effect::allow ? Action::allow : Action::block, tier, rule.category, i};
  };
  if (const int i = best_rule(true); i >= 0) return led(by_rule(i, Tier::emergency));  // 2
  if (names::is_same_or_under(url.host(), "childline.org.uk") ||
      std::ranges::any_of(listed, [&](const ListEntry& entry) { return about(entry.category).support; }))
    return {Action::allow, Tier::support, "support", -1};                           // 3
  if (const int i = best_rule(false); i >= 0) return led(by_rule(i, Tier::local));  // 4
  if (!helping.empty()) return {Action::allow, Tier::local, "", int(helping.front())};

  // 5: strictest of all lists; an open schedule speaks instead of the group, of several the strictest.
  std::optional<std::tuple<Action, bool, int, bool, std::size_t, int, int>> strictest;
  NaiveVerdict verdict{Action::allow, Tier::category, "", -1};
  const auto weigh = [&](const std::string& category, bool by_list, int number) {
    const std::optional<Action> action = setting(category);
    const int urgency = about(category).urgency;
    const std::tuple key{action.value_or(Action::allow),
                         action.has_value(),
                         urgency >= 4 ? urgency : 0,
                         !by_list,
                         by_list ? lists_naming(category) : 0,
                         urgency,
                         -number};
    if (strictest && key <= *strictest) return;
    strictest = key;
    verdict.action = action.value_or(Action::allow);
    verdict.category = category;
    verdict.rule = by_list ? -1 : number;
  };
  for (const ListEntry& entry : listed) weigh(entry.category, true, entry.list);
  for (const std::size_t i : watching) weigh(spec.rules[i].category, false, int(i));
  const bool named = strictest && std::get<1>(*strictest);
  if (verdict.action != Action::block)
    for (const ListEntry& entry : listed)
      for (const AllowanceSpec& item : who.allowances)
        if (item.category == entry.category && (verdict.allowance == 0 || item.minutes < verdict.allowance))
          verdict.allowance = item.minutes;
  if (strictest && (named || otherwise == Action::allow)) return led(verdict);
  return led({otherwise, Tier::unlisted, "", -1});  // 6
}

NaiveVerdict naive_judge_both(const PolicySpec& spec, const std::vector<ListEntry>& entries, const std::string& group,
                              const names::Url& outer, const names::Url& inner, bool fetched, TimePoint now,
                              const NaiveWhere& where) {
  const NaiveVerdict whole = naive_judge(spec, entries, group, outer, now, {}, where);
  const NaiveVerdict inside = naive_judge(spec, entries, group, inner, now, {}, {.address = where.address});
  if (whole.tier == Tier::support) return whole;
  if (!fetched && inside.tier != Tier::illegal) return whole;
  const bool stricter = inside.action != whole.action ? inside.action > whole.action
                                                      : inside.action == Action::block && inside.tier < whole.tier;
  NaiveVerdict verdict = stricter ? inside : whole;
  verdict.allowance = std::min(whole.allowance, inside.allowance);  // one that has none counts for nothing
  if (verdict.allowance == 0) verdict.allowance = std::max(whole.allowance, inside.allowance);
  if (verdict.action == Action::block) verdict.allowance = 0;
  return verdict;
}

}  // namespace schoolgate::rules::test
