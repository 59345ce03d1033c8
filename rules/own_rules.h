// The school's own rules, compiled: which of them cover this URL?
//
// Sites and URLs are found by hash over the host's suffixes and the path's prefixes, patterns by a PatternSet, search
// terms by a TermSet: the cost of a question does not grow with the number of rules. Filled by the compiler, then
// immutable; any thread may ask.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "names/ip_address.h"
#include "names/url.h"
#include "rules/group_set.h"
#include "rules/pattern_set.h"
#include "rules/policy_spec.h"
#include "rules/query_parameters.h"
#include "rules/suffix_filter.h"
#include "rules/term_set.h"
#include "rules/text_hash.h"

namespace schoolgate::rules {

/// Who asks, where and when: what decides whether a rule applies.
struct Asking {
  GroupIndex group = 0;
  names::IpAddress address;
  TimePoint now;
};

/// Whom a helper helps: the site that needs it, with all that it needs.
struct Helped {
  std::string site;    ///< as the rule writes it
  std::string host;    ///< canonical
  bool under = false;  ///< hosts under it as well
  std::vector<std::string> helpers;

  /// Whether a page of this host may ask for a helper. A helper's own style sheets and frames ask for others.
  [[nodiscard]] bool asks_from(std::string_view page) const noexcept;
};

/// One rule as people wrote it, with its text in canonical form and its references resolved.
struct OwnRule {
  RuleSpec::Effect effect = RuleSpec::Effect::block;
  RuleSpec::Kind kind = RuleSpec::Kind::site;
  CategoryId category = kNoCategory;
  bool illegal = false;  ///< its category is
  GroupSet groups;
  TimePoint ends = TimePoint::max();  ///< applies before this instant
  bool names_inner = false;           ///< a URL that itself holds an address: it speaks about that one
  /// Canonical: "example.org", "example.org/casino/", or the pattern or phrase as written.
  std::string entry;
  std::string why, approved_by, risk_assessment;
  std::vector<names::IpNetwork> networks;  ///< empty: everywhere
  bool exact = false;                      ///< of a URL with a query: no other parameters than these
  std::string raw_query;                   ///< of a URL: as it is written, without the '?'
  bool of_measure = false;
  bool of_exam = false;                  ///< of a measure that closes everything else
  std::shared_ptr<const Helped> helped;  ///< set for a helper only: it is there for pages of that site
  SourcePosition at;

  [[nodiscard]] bool is_here(const names::IpAddress& address) const noexcept {
    return networks.empty() ||
           std::ranges::any_of(networks, [&](const names::IpNetwork& network) { return network.contains(address); });
  }
  [[nodiscard]] bool applies(const Asking& asking) const noexcept {
    return asking.now < ends && groups.contains(asking.group) && is_here(asking.address);
  }
};

/// How closely a rule describes what it covers; contract section 4, tier 4.
struct Specificity {
  enum Kind : std::uint8_t { helper, pattern, parent_site, exact_host, url, term, everything };
  Kind kind = pattern;
  /// Of the site, or of host, port and path and one more with a query, or of the phrase; nothing for patterns. Queries
  /// are not compared by length: a pupil can write another parameter beside the one that is blocked.
  std::uint32_t length = 0;
  auto operator<=>(const Specificity&) const = default;
};

class OwnRules {
 public:
  /// `host` is canonical.
  void add_site(OwnRule rule, const std::string& host);
  void add_url(OwnRule rule, const names::Url& url);
  /// Covers this host alone, by name or whole, and comes after every other rule.
  void add_helper(OwnRule rule, const std::string& host);
  /// Covers all that no rule of an exam covers, and comes before every other rule; see closures().
  void add_closure(OwnRule rule);
  /// The pattern is rule.entry and has passed PatternSet::check().
  void add_pattern(OwnRule rule);
  /// `phrase` has been through TermSet::prepare().
  void add_term(OwnRule rule, std::string phrase);
  /// After the last rule, before the first question.
  [[nodiscard]] std::optional<PatternFault> finish();

  [[nodiscard]] const std::vector<OwnRule>& all() const noexcept { return rules_; }

  /// The rules of exams that close everything. Few: each is an exam that is going on.
  [[nodiscard]] const std::vector<std::uint32_t>& closures() const noexcept { return closures_; }

  /// Calls found(index, specificity) for each site, URL and helper rule that covers `url`, for whomever it is.
  /// `raw_query`: as the client wrote it (Request::raw_query()); empty where it is not known.
  template <class Found>
  void for_each_site_or_url(const names::Url& url, std::string_view raw_query, Found&& found) const noexcept;

  /// Calls found(index) for each pattern rule that occurs in `url`, provided that wanted(rule). When only a name is
  /// known, a pattern counts only if it would occur with any text after the name. False: memory ran out, take the
  /// strict answer.
  template <class Wanted, class Found>
  [[nodiscard]] bool for_each_pattern(const names::Url& url, Wanted&& wanted, Found&& found) const noexcept;

  [[nodiscard]] bool has_terms() const noexcept { return terms_.size() != 0; }
  /// Calls found(index, specificity) for each term rule for this group and time that occurs in `words` (see
  /// search_words()), once for each, except where it stands inside a phrase that is allowed. Allow rules themselves are
  /// not told of: they open nothing. May throw std::bad_alloc.
  template <class Found>
  void for_each_term(std::string_view words, const Asking& asking, Found&& found) const;

  /// Calls found(index) for each URL rule that covers part of `host` and needs more than the name to say whether it
  /// covers a given URL; stops when found returns true and then returns true.
  template <class Found>
  [[nodiscard]] bool any_url_beyond_name(std::string_view host, Found&& found) const noexcept;
  /// The same for patterns: those that name this host, and those that may occur at any.
  template <class Found>
  [[nodiscard]] bool any_pattern_beyond_name(std::string_view host, Found&& found) const noexcept;
  /// Calls found(index) for each site and URL rule about a host directly under `parent`.
  template <class Found>
  void for_each_directly_under(std::string_view parent, Found&& found) const {
    if (const auto here = under_.find(parent); here != under_.end()) std::ranges::for_each(here->second, found);
  }
  /// The one host at which a pattern rule can occur, or empty: any.
  [[nodiscard]] std::string_view host_of_pattern(std::uint32_t rule) const noexcept;

 private:
  using Numbers = std::vector<std::uint32_t>;

  struct UrlRule {
    std::uint32_t rule = 0;
    std::uint16_t port = 0;  ///< 0: any
    std::string query;       ///< its parameters must be there when not empty
    std::string raw_query;   ///< as the rule is written, before %26 and %3D became separators; empty: unknown
    QueryRule how = QueryRule::has;
    std::uint32_t length = 0;
  };
  struct UrlRules {
    std::vector<UrlRule> of_path;               ///< without a query, and those whose first parameter is no key
    ByText<std::vector<UrlRule>> of_parameter;  ///< by the first parameter of their query, decoded
  };
  /// The query of one request, split when the first rule with a query is met.
  struct AskedQuery {
    QueryParameters canonical, raw;
    bool has_raw;
    AskedQuery(std::string_view query, std::string_view raw_query) noexcept
        : canonical(query), raw(raw_query), has_raw(!raw_query.empty()) {}
    /// What opens has to hold of the bytes that the site gets as well: there "%26" is no separator.
    [[nodiscard]] bool is_covered_by(const UrlRule& rule) const noexcept;
  };
  static constexpr std::size_t kLongestKey = 512;
  struct HostRules {
    Numbers sites, helpers;
    ByText<UrlRules> urls;    ///< by path, without a slash at its end; "" is the whole host
    std::size_t deepest = 0;  ///< most slashes in such a path
    Numbers beyond_name;      ///< URL rules that the name alone cannot decide
  };

  template <class Found>
  static void find_urls(const HostRules& rules, const names::Url& url, std::string_view raw_query,
                        Found& found) noexcept;
  [[nodiscard]] PatternSet::Answer pattern_covers(std::size_t pattern, const names::Url& url) const noexcept;

  std::vector<OwnRule> rules_;
  ByText<HostRules> hosts_;
  ByText<Numbers> under_;     ///< by the parent of the host that a site or URL rule names
  SuffixFilter host_filter_;  ///< over the keys of hosts_
  PatternSet patterns_;
  Numbers closures_;
  Numbers pattern_rules_;                   ///< number in patterns_ -> rule
  std::vector<std::string> pattern_hosts_;  ///< number in patterns_ -> literal_host_of()
  std::vector<std::string> phrases_;        ///< until finish()
  TermSet terms_;
  Numbers term_rules_;  ///< number in terms_ -> rule
};

/// The one host that a pattern can occur at, when its beginning says so plainly ("^https?://forum\.example/…" without
/// any '|'), else empty: then it may occur anywhere.
[[nodiscard]] std::string literal_host_of(std::string_view pattern);

/// The path without the slash at its end: "/casino/" and "/casino" name the same place.
[[nodiscard]] inline std::string_view without_last_slash(std::string_view path) noexcept {
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

inline bool OwnRules::AskedQuery::is_covered_by(const UrlRule& rule) const noexcept {
  if (!covers_query(QueryParameters(rule.query), canonical, rule.how)) return false;
  if (!opens(rule.how) || !has_raw) return true;
  return covers_query(QueryParameters(rule.raw_query.empty() ? rule.query : rule.raw_query), raw, rule.how);
}

template <class Found>
void OwnRules::find_urls(const HostRules& rules, const names::Url& url, std::string_view raw_query,
                         Found& found) noexcept {
  std::optional<AskedQuery> asked;
  const auto tell = [&](const UrlRule& rule) {
    if (rule.port == 0 || rule.port == url.port()) found(rule.rule, Specificity{Specificity::url, rule.length});
  };
  const auto try_query = [&](const UrlRule& rule) {
    if (asked->is_covered_by(rule)) tell(rule);
  };
  const auto try_prefix = [&](std::string_view path) {
    const auto here = rules.urls.find(path);
    if (here == rules.urls.end()) return;
    const UrlRules& urls = here->second;
    for (const UrlRule& rule : urls.of_path)
      if (rule.query.empty()) tell(rule);
    if (url.names_only()) return;
    const bool any_query = !urls.of_parameter.empty() ||
                           std::ranges::any_of(urls.of_path, [](const auto& rule) { return !rule.query.empty(); });
    if (!any_query) return;
    if (!asked) asked.emplace(url.query(), raw_query);
    for (const UrlRule& rule : urls.of_path)
      if (!rule.query.empty()) try_query(rule);
    if (asked->canonical.too_many()) {
      for (const auto& [key, with_it] : urls.of_parameter) std::ranges::for_each(with_it, try_query);
      return;
    }
    std::array<std::string_view, QueryParameters::kMost> tried;
    std::size_t count = 0;
    for (const QueryParameter& parameter : asked->canonical.all()) {
      std::array<char, kLongestKey> space;
      const auto key = decoded(parameter, space);
      if (!key) continue;
      const auto with_it = urls.of_parameter.find(*key);
      if (with_it == urls.of_parameter.end()) continue;
      const std::string_view known = with_it->first;
      if (std::find(tried.begin(), tried.begin() + count, known) != tried.begin() + count) continue;
      tried[count++] = known;
      std::ranges::for_each(with_it->second, try_query);
    }
  };
  try_prefix("");
  if (url.names_only()) return;
  const std::string_view path = without_last_slash(url.path());
  std::size_t end = 0;
  for (std::size_t depth = 0; depth < rules.deepest && end < path.size(); ++depth) {
    end = path.find('/', end + 1);
    if (end == std::string_view::npos) end = path.size();
    try_prefix(path.substr(0, end));
  }
}

template <class Found>
void OwnRules::for_each_site_or_url(const names::Url& url, std::string_view raw_query, Found&& found) const noexcept {
  const std::string_view host = url.host();
  host_filter_.for_each_candidate(host, [&](std::string_view suffix) {
    const bool exact = suffix.size() == host.size();
    if (!exact && url.address()) return;  // an IP literal has no parents
    const auto here = hosts_.find(suffix);
    if (here == hosts_.end()) return;
    const Specificity closeness{exact ? Specificity::exact_host : Specificity::parent_site,
                                static_cast<std::uint32_t>(suffix.size())};
    for (const std::uint32_t rule : here->second.sites) found(rule, closeness);
    if (!exact) return;
    for (const std::uint32_t rule : here->second.helpers)
      found(rule, Specificity{Specificity::helper, closeness.length});
    find_urls(here->second, url, raw_query, found);
  });
}

template <class Wanted, class Found>
bool OwnRules::for_each_pattern(const names::Url& url, Wanted&& wanted, Found&& found) const noexcept {
  bool sure = true;
  const bool complete = patterns_.for_each_candidate(url.text(), [&](std::size_t pattern) {
    const std::uint32_t rule = pattern_rules_[pattern];
    if (!wanted(rules_[rule])) return;
    switch (pattern_covers(pattern, url)) {
      case PatternSet::Answer::yes: found(rule); break;
      case PatternSet::Answer::unknown: sure = false; break;
      case PatternSet::Answer::no: break;
    }
  });
  return complete && sure;
}

template <class Found>
bool OwnRules::any_url_beyond_name(std::string_view host, Found&& found) const noexcept {
  const auto here = hosts_.find(host);
  return here != hosts_.end() && std::ranges::any_of(here->second.beyond_name, found);
}

template <class Found>
bool OwnRules::any_pattern_beyond_name(std::string_view host, Found&& found) const noexcept {
  for (std::size_t pattern = 0; pattern < pattern_rules_.size(); ++pattern)
    if (const std::string& only = pattern_hosts_[pattern]; only.empty() || only == host)
      if (found(pattern_rules_[pattern])) return true;
  return false;
}

template <class Found>
void OwnRules::for_each_term(std::string_view words, const Asking& asking, Found&& found) const {
  struct Occurrence {
    std::uint32_t rule;
    TermSet::Place place;
  };
  std::vector<Occurrence> caught;
  std::vector<TermSet::Place> allowed;
  terms_.for_each(words, [&](std::size_t number, const TermSet::Place& place) {
    const std::uint32_t rule = term_rules_[number];
    if (!rules_[rule].applies(asking)) return;
    if (rules_[rule].effect == RuleSpec::Effect::allow)
      allowed.push_back(place);
    else
      caught.push_back({rule, place});
  });
  std::vector<std::uint32_t> told;
  for (const Occurrence& occurrence : caught) {
    const OwnRule& rule = rules_[occurrence.rule];
    const bool ordinary = !rule.illegal && rule.effect != RuleSpec::Effect::emergency;
    const auto holds = [&](const TermSet::Place& place) {
      return place.holds(occurrence.place) && !occurrence.place.holds(place);
    };
    if (ordinary && std::ranges::any_of(allowed, holds)) continue;
    if (std::ranges::find(told, occurrence.rule) != told.end()) continue;
    told.push_back(occurrence.rule);
    found(occurrence.rule, Specificity{Specificity::term, occurrence.place.end - occurrence.place.begin});
  }
}

}  // namespace schoolgate::rules
