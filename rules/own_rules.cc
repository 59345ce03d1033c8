#include "rules/own_rules.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "names/host.h"

namespace schoolgate::rules {
namespace {

/// What a pattern that is decided by the name must not care about: a path, a file and a query of mixed characters.
constexpr std::string_view kAnyContinuation = "0-~_/!.a?Z=9&";

}  // namespace

bool Helped::asks_from(std::string_view page) const noexcept {
  return page == host || (under && names::is_same_or_under(page, host)) ||
         std::ranges::find(helpers, page) != helpers.end();
}

void OwnRules::add_site(OwnRule rule, const std::string& host) {
  const auto index = static_cast<std::uint32_t>(rules_.size());
  hosts_[host].sites.push_back(index);
  if (const std::size_t dot = host.find('.'); dot != std::string::npos) under_[host.substr(dot + 1)].push_back(index);
  rules_.push_back(std::move(rule));
}

void OwnRules::add_url(OwnRule rule, const names::Url& url) {
  const auto index = static_cast<std::uint32_t>(rules_.size());
  const std::string_view path = without_last_slash(url.path());
  const bool names_port = url.path().data() != url.host().data() + url.host().size();
  HostRules& here = hosts_[std::string(url.host())];
  if (const std::size_t dot = url.host().find('.'); dot != std::string_view::npos)
    under_[std::string(url.host().substr(dot + 1))].push_back(index);
  const bool opens = rule.effect == RuleSpec::Effect::allow;
  UrlRule entry{.rule = index,
                .port = names_port ? url.port() : std::uint16_t{0},
                .query = std::string(url.query()),
                .raw_query = rule.raw_query};
  // An allowed address that holds another one speaks of that one alone.
  if (rule.exact || (opens && rule.names_inner))
    entry.how = opens ? QueryRule::exact : QueryRule::exact_closing;
  else
    entry.how = opens ? QueryRule::has_only_so : QueryRule::has;
  entry.length =
      static_cast<std::uint32_t>(url.path().data() - url.host().data() + path.size() + (entry.query.empty() ? 0 : 1));
  if (!path.empty() || !entry.query.empty()) here.beyond_name.push_back(index);
  here.deepest = std::max(here.deepest, static_cast<std::size_t>(std::ranges::count(path, '/')));
  UrlRules& urls = here.urls[std::string(path)];
  const QueryParameters parameters(entry.query);
  std::array<char, kLongestKey> space;
  const auto key =
      parameters.all().empty() || parameters.too_many() ? std::nullopt : decoded(parameters.all()[0], space);
  if (key)
    urls.of_parameter[std::string(*key)].push_back(std::move(entry));
  else
    urls.of_path.push_back(std::move(entry));
  rules_.push_back(std::move(rule));
}

void OwnRules::add_helper(OwnRule rule, const std::string& host) {
  hosts_[host].helpers.push_back(static_cast<std::uint32_t>(rules_.size()));
  rules_.push_back(std::move(rule));
}

void OwnRules::add_closure(OwnRule rule) {
  closures_.push_back(static_cast<std::uint32_t>(rules_.size()));
  rules_.push_back(std::move(rule));
}

void OwnRules::add_pattern(OwnRule rule) {
  pattern_rules_.push_back(static_cast<std::uint32_t>(rules_.size()));
  pattern_hosts_.push_back(literal_host_of(rule.entry));
  rules_.push_back(std::move(rule));
}

void OwnRules::add_term(OwnRule rule, std::string phrase) {
  term_rules_.push_back(static_cast<std::uint32_t>(rules_.size()));
  phrases_.push_back(std::move(phrase));
  rules_.push_back(std::move(rule));
}

std::string_view OwnRules::host_of_pattern(std::uint32_t rule) const noexcept {
  const auto found = std::ranges::find(pattern_rules_, rule);
  return found == pattern_rules_.end() ? std::string_view()
                                       : pattern_hosts_[static_cast<std::size_t>(found - pattern_rules_.begin())];
}

std::optional<PatternFault> OwnRules::finish() {
  terms_ = TermSet(std::exchange(phrases_, {}));
  host_filter_ = SuffixFilter(std::views::keys(hosts_));
  std::vector<std::string> patterns;
  patterns.reserve(pattern_rules_.size());
  for (const std::uint32_t rule : pattern_rules_) patterns.push_back(rules_[rule].entry);
  return patterns_.build(patterns);
}

std::string literal_host_of(std::string_view pattern) {
  if (pattern.find('|') != std::string_view::npos) return {};
  for (const std::string_view opening : {"(?i)", "^http", "s", "?"}) {
    const bool there = pattern.starts_with(opening);
    if (opening == "^http" && !there) return {};
    if (there) pattern.remove_prefix(opening.size());
  }
  if (!pattern.starts_with("://")) return {};
  pattern.remove_prefix(3);
  std::string host;
  while (!pattern.empty() && pattern[0] != '/' && !pattern.starts_with(':') && !pattern.starts_with("(:")) {
    const bool dot = pattern.starts_with("\\.");
    const char c = pattern[0];
    if (!dot && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') return {};
    host += dot ? '.' : c;
    pattern.remove_prefix(dot ? 2 : 1);
  }
  for (const std::string_view port : {"(:\\d+)?", "(:[0-9]+)?", ":"})
    if (pattern.starts_with(port)) {
      pattern.remove_prefix(port.size());
      if (port == ":") pattern.remove_prefix(std::min(pattern.find_first_not_of("0123456789"), pattern.size()));
      break;
    }
  if (!pattern.starts_with('/')) return {};
  // The slash ends the name; one that may be missing or repeated does not.
  const bool ended =
      !pattern.empty() && (pattern.size() == 1 || std::string_view("?*+{").find(pattern[1]) == std::string_view::npos);
  return ended ? host : std::string();
}

PatternSet::Answer OwnRules::pattern_covers(std::size_t pattern, const names::Url& url) const noexcept {
  const PatternSet::Answer answer = patterns_.search(pattern, url.text());
  if (!url.names_only() || answer != PatternSet::Answer::yes) return answer;
  // A host has at most 253 bytes, so scheme, port and continuation fit.
  std::array<char, 512> longer;
  if (url.text().size() + kAnyContinuation.size() > longer.size()) return PatternSet::Answer::unknown;
  const auto end = std::ranges::copy(kAnyContinuation, std::ranges::copy(url.text(), longer.begin()).out).out;
  return patterns_.search(pattern, {longer.data(), static_cast<std::size_t>(end - longer.begin())});
}

}  // namespace schoolgate::rules
