// Policies for the tests of this room, written short.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "names/host.h"
#include "names/url.h"
#include "rules/snapshot.h"

namespace schoolgate::rules::test {

inline SourcePosition at(int line) { return {"rules/local.yaml", line, 5}; }

/// Sunday, 22 November 2026, 12:00 in London.
inline TimePoint sunday_noon() { return *from_rfc3339("2026-11-22T12:00:00Z"); }

inline GroupSpec group(std::string id, std::string network,
                       std::initializer_list<std::pair<std::string_view, Action>> categories = {},
                       Action unlisted = Action::allow) {
  GroupSpec group;
  group.id = group.title = std::move(id);
  group.networks.push_back({*names::IpNetwork::parse(network), {"policy.yaml", 3, 5}});
  for (const auto& [category, action] : categories)
    group.categories.push_back({std::string(category), action, {"policy.yaml", 4, 5}});
  group.unlisted = unlisted;
  group.at = {"policy.yaml", 2, 3};
  return group;
}

inline RuleSpec rule(RuleSpec::Effect effect, RuleSpec::Kind kind, std::string text, std::string category = {},
                     std::vector<std::string> groups = {}) {
  RuleSpec rule;
  rule.effect = effect;
  rule.kind = kind;
  rule.text = std::move(text);
  rule.category = std::move(category);
  rule.groups = std::move(groups);
  return rule;
}

inline RuleSpec block_site(std::string text, std::string category = "gambling", std::vector<std::string> groups = {}) {
  return rule(RuleSpec::Effect::block, RuleSpec::Kind::site, std::move(text), std::move(category), std::move(groups));
}
inline RuleSpec block_url(std::string text, std::string category = "gambling", std::vector<std::string> groups = {}) {
  return rule(RuleSpec::Effect::block, RuleSpec::Kind::url, std::move(text), std::move(category), std::move(groups));
}
inline RuleSpec block_pattern(std::string text, std::string category = "gambling",
                              std::vector<std::string> groups = {}) {
  return rule(RuleSpec::Effect::block, RuleSpec::Kind::pattern, std::move(text), std::move(category),
              std::move(groups));
}
inline RuleSpec allow_site(std::string text, std::vector<std::string> groups = {}) {
  return rule(RuleSpec::Effect::allow, RuleSpec::Kind::site, std::move(text), {}, std::move(groups));
}
inline RuleSpec allow_url(std::string text, std::vector<std::string> groups = {}) {
  return rule(RuleSpec::Effect::allow, RuleSpec::Kind::url, std::move(text), {}, std::move(groups));
}
inline RuleSpec allow_pattern(std::string text, std::vector<std::string> groups = {}) {
  return rule(RuleSpec::Effect::allow, RuleSpec::Kind::pattern, std::move(text), {}, std::move(groups));
}
inline RuleSpec emergency_site(std::string text) {
  return rule(RuleSpec::Effect::emergency, RuleSpec::Kind::site, std::move(text));
}

/// A small primary school: ks1 (only what is allowed by name), ks2, staff; rules are numbered by line from 1.
inline PolicySpec school(std::vector<RuleSpec> rules = {}) {
  PolicySpec spec;
  spec.version = "v1";
  spec.timezone = "Europe/London";
  spec.timezone_at = {"schoolgate.yaml", 1, 20};
  spec.groups = {
      group("ks1", "10.20.1.0/24", {}, Action::block),
      group("ks2", "10.20.2.0/23", {{"gambling", Action::block}, {"games", Action::warn}, {"chat", Action::monitor}}),
      group("staff", "10.20.8.0/24", {{"gambling", Action::block}, {"social-media", Action::block}})};
  spec.fallback = "ks2";
  spec.fallback_at = {"policy.yaml", 30, 11};
  int line = 0;
  for (RuleSpec& item : rules) {
    item.at = at(++line);
    spec.rules.push_back(std::move(item));
  }
  return spec;
}

inline std::shared_ptr<const PolicySnapshot> compiled(const PolicySpec& spec,
                                                      std::shared_ptr<const blocklists::CategoryDb> lists = nullptr) {
  Problems warnings;
  if (!lists) lists = blocklists::CategoryDb::empty();
  auto snapshot = PolicySnapshot::compile(spec, std::move(lists), sunday_noon(), warnings);
  if (snapshot) return *snapshot;
  std::string all;
  for (const Problem& problem : snapshot.error()) all += "\n" + problem.text();
  ADD_FAILURE() << "the policy does not compile:" << all;
  std::abort();
}

inline Request get(std::string_view url) {
  auto parsed = names::Url::parse(url);
  if (!parsed) {
    ADD_FAILURE() << url << ": " << parsed.error().text();
    std::abort();
  }
  return Request::of_url(std::move(*parsed), "GET");
}

inline Request connect(std::string_view host, std::uint16_t port = 443) {
  return Request::of_host(*names::Host::parse(host), port, "CONNECT");
}

/// Asks at the request stage; the Verdict's views live as long as `snapshot` and `request`.
inline Verdict ask(const PolicySnapshot& snapshot, const Request& request, std::string_view group = "ks2",
                   TimePoint now = sunday_noon()) {
  const Stage stage = request.url().names_only() ? Stage::connect : Stage::request;
  return snapshot.decide({.group = *snapshot.find_group(group)}, request, stage, now);
}

inline Action action_for(const PolicySpec& spec, std::string_view url, std::string_view group = "ks2",
                         TimePoint now = sunday_noon()) {
  const auto snapshot = compiled(spec);
  return ask(*snapshot, get(url), group, now).action;
}

}  // namespace schoolgate::rules::test
