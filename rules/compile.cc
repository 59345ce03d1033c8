// From a PolicySpec to a PolicySnapshot, or to everything that is wrong with it.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "names/host.h"
#include "names/url.h"
#include "rules/compiled_policy.h"
#include "rules/near_match.h"
#include "rules/nested_urls.h"
#include "rules/shipped_tables.h"
#include "rules/site_text.h"
#include "rules/site_time.h"

namespace schoolgate::rules {
namespace {

using Effect = RuleSpec::Effect;
using Kind = RuleSpec::Kind;

constexpr std::size_t kMaxGroups = 0xFFFF;
constexpr std::size_t kMaxTerms = 20'000;
constexpr int kMinutesADay = 24 * 60;

/// What nobody should read over a pupil's or a teacher's shoulder, whatever the rest of the policy says.
constexpr std::string_view kNeverInspected[] = {"banking", "health"};

class Compiler {
 public:
  Compiler(const PolicySpec& spec, std::shared_ptr<const blocklists::CategoryDb> lists, SiteClock clock, TimePoint now,
           Problems& problems)
      : spec_(spec), policy_(spec.categories, std::move(lists), std::move(clock)), now_(now), problems_(problems) {
    for (const Category& category : spec.categories.all()) category_ids_.push_back(category.id);
    for (const GroupSpec& group : spec.groups) group_ids_.push_back(group.id);
    for (const RuleSpec& rule : spec.rules)
      if (rule.kind == Kind::everything) exams_.insert(rule.measure);
  }

  void compile() {
    policy_.version = spec_.version;
    policy_.inspection = spec_.inspection;
    compile_lists();
    compile_groups();
    compile_fallback();
    for (const RuleSpec& rule : spec_.rules) compile_rule(rule);
    warn_of_allows_without_effect();
    if (const auto fault = policy_.rules.finish())
      error({}, "the patterns together cannot be compiled: " + fault->message, fault->hint);
    compile_never_inspect();
    for (const auto& [name, list] : spec_.lists) check_list(list);
    for (const RuleTestSpec& test : spec_.tests) check_test(test);
  }

  [[nodiscard]] CompiledPolicy take() && { return std::move(policy_); }

 private:
  void error(const SourcePosition& at, std::string message, std::string hint = {}) {
    problems_.push_back({Problem::Severity::error, at, std::move(message), std::move(hint)});
  }
  void warn(const SourcePosition& at, std::string message, std::string hint = {}) {
    problems_.push_back({Problem::Severity::warning, at, std::move(message), std::move(hint)});
  }
  CategoryId category(std::string_view id, const SourcePosition& at) {
    const CategoryId found = spec_.categories.find(id);
    if (found == kNoCategory) error(at, "unknown category " + in_quotes(id), near_match_hint(id, category_ids_));
    return found;
  }
  std::optional<GroupIndex> group(std::string_view id, const SourcePosition& at) {
    const auto found = std::ranges::find(group_ids_, id);
    if (found != group_ids_.end()) return static_cast<GroupIndex>(found - group_ids_.begin());
    error(at, "unknown group " + in_quotes(id), near_match_hint(id, group_ids_));
    return std::nullopt;
  }

  void compile_lists() {
    for (const blocklists::ListInfo& list : policy_.lists->lists()) {
      const CategoryId found = spec_.categories.find(list.category);
      if (found == kNoCategory)
        error({}, "list " + in_quotes(list.name) + " has the unknown category " + in_quotes(list.category),
              "add it to categories.yaml or compile the list again");
      else if (spec_.categories[found].illegal)
        policy_.has_illegal_list = true;
      policy_.category_of_list.push_back(found);
    }
  }

  void compile_groups() {
    if (spec_.groups.empty()) error({}, "the policy has no groups");
    if (spec_.groups.size() > kMaxGroups) return error({}, "the policy has more than 65535 groups");
    for (std::size_t i = 0; i < spec_.groups.size(); ++i) {
      const GroupSpec& spec = spec_.groups[i];
      if (std::ranges::find(group_ids_, spec.id) != group_ids_.begin() + static_cast<std::ptrdiff_t>(i))
        error(spec.at, "group " + in_quotes(spec.id) + " is there twice", "give each group a name of its own");
      check_unlisted(spec.unlisted, spec.at);
      for (const CategoryActionSpec& item : spec.categories) check_setting(item);
      for (const std::string& name : spec.inspect) (void)category(name, spec.at);
      check_schedules(spec);
      check_allowances(spec);
      check_content(spec);
      for (const NetworkSpec& network : spec.networks) compile_network(network, static_cast<GroupIndex>(i));
      compile_members(spec, static_cast<GroupIndex>(i));
      policy_.groups.emplace_back(spec, spec_.categories);
    }
  }

  void compile_network(const NetworkSpec& spec, GroupIndex group) {
    GroupIndex other = 0;
    if (policy_.networks.add(spec.network, group, other)) return;
    if (other == group)
      warn(spec.at, "network " + spec.network.text() + " is there twice");
    else
      error(spec.at, "network " + spec.network.text() + " already belongs to group " + in_quotes(group_ids_[other]),
            "an address belongs to one group: remove it from one, or name a smaller network");
  }

  void compile_members(const GroupSpec& spec, GroupIndex group) {
    for (const MemberSpec& user : spec.users)
      check_single("user", user, group, policy_.members.add_user(member_name(user.name), group));
    for (const MemberSpec& named : spec.directory_groups)
      policy_.members.add_directory_group(member_name(named.name), group);
    for (const MemberSpec& device : spec.devices) {
      const auto kind = std::ranges::find(kDeviceKinds, device.name);
      if (kind == kDeviceKinds.end())
        error(device.at, "unknown kind of device " + in_quotes(device.name), hint_of_device(device.name));
      else
        check_single("device", device, group,
                     policy_.members.add_device(static_cast<std::size_t>(kind - kDeviceKinds.begin()), group));
    }
  }

  static std::string hint_of_device(std::string_view kind) {
    const std::vector<std::string> kinds(kDeviceKinds.begin(), kDeviceKinds.end());
    const std::string hint = near_match_hint(kind, kinds);
    return hint.empty() ? "school, staff, phone, console, guest or unknown" : hint;
  }

  void check_single(std::string_view what, const MemberSpec& spec, GroupIndex group, std::optional<GroupIndex> other) {
    if (!other) return;
    const std::string who = std::string(what) + " " + in_quotes(spec.name);
    if (*other == group)
      warn(spec.at, who + " is there twice");
    else
      error(spec.at, who + " already belongs to group " + in_quotes(group_ids_[*other]),
            "each belongs to one group: remove it from one");
  }

  void check_content(const GroupSpec& spec) {
    if (spec.inspect_unlisted && policy_.inspection == InspectionMode::off)
      warn(spec.at, "unlisted: inspect opens nothing of group " + in_quotes(spec.id) + ", because inspection is off",
           "set inspection.mode: selective in schoolgate.yaml");
    if (!spec.content) return;
    for (const ContentThresholdSpec& item : spec.content->thresholds) {
      const CategoryId found = category(item.category, item.at);
      if (found == kNoCategory) continue;
      const auto names = [&](const std::vector<CategoryActionSpec>& settings) {
        return std::ranges::find(settings, item.category, &CategoryActionSpec::category) != settings.end();
      };
      const bool named =
          names(spec.categories) ||
          std::ranges::any_of(spec.schedules, [&](const ScheduleSpec& schedule) { return names(schedule.categories); });
      if (!named)
        warn(item.at, "the threshold of " + in_quotes(item.category) + " has no effect",
             "the group's 'categories' say nothing about it");
    }
  }

  void check_allowances(const GroupSpec& spec) {
    for (const AllowanceSpec& item : spec.allowances) {
      const CategoryId found = category(item.category, item.at);
      if (item.minutes < 1 || item.minutes > kMinutesADay)
        error(item.at, "an allowance is at least a minute and at most a day");
      if (found == kNoCategory) continue;
      if (spec_.categories[found].illegal)
        error(item.at, in_quotes(item.category) + " is illegal content and is never open", "remove this line");
      else if (spec_.categories[found].support)
        error(item.at, in_quotes(item.category) + " is always open", "remove this line");
      else if (!ever_open(spec, item.category))
        warn(item.at, "the allowance for " + in_quotes(item.category) + " has no effect: the group has it blocked",
             "open it by 'categories', or by a schedule");
    }
  }

  static bool ever_open(const GroupSpec& spec, std::string_view category) {
    const auto blocks = [&](const std::vector<CategoryActionSpec>& items) {
      const auto item = std::ranges::find(items, category, &CategoryActionSpec::category);
      return item == items.end() ? std::nullopt : std::optional(item->action == Action::block);
    };
    if (const auto own = blocks(spec.categories); own ? !*own : spec.unlisted != Action::block) return true;
    return std::ranges::any_of(spec.schedules, [&](const ScheduleSpec& schedule) {
      const auto then = blocks(schedule.categories);
      return then ? !*then : schedule.unlisted == Action::allow && !blocks(spec.categories);
    });
  }

  void check_list(const SiteListSpec& list) {
    if (list.sites.empty()) warn(list.at, "the list names no site");
    for (std::size_t i = 0; i < list.sites.size(); ++i)
      if (const auto site = read_site_text(list.sites[i]); !site)
        error(i < list.positions.size() ? list.positions[i] : list.at, site.error().what, site.error().next);
  }

  void check_unlisted(Action action, const SourcePosition& at) {
    if (action != Action::allow && action != Action::block)
      error(at, "unlisted cannot be " + in_quotes(to_string(action)), "allow or block");
  }

  void check_setting(const CategoryActionSpec& item) {
    const CategoryId found = category(item.category, item.at);
    if (found == kNoCategory) return;
    if (spec_.categories[found].illegal && item.action != Action::block)
      error(item.at,
            in_quotes(item.category) + " is illegal content and cannot be set to " + in_quotes(to_string(item.action)),
            "it is blocked for every group; remove this line");
    if (spec_.categories[found].support && item.action != Action::allow)
      error(item.at, in_quotes(item.category) + " is never blocked, warned of or monitored", "remove this line");
  }

  void check_schedules(const GroupSpec& spec) {
    if (spec.schedules.size() > GroupPolicy::kMaxSchedules)
      error(spec.at, "group " + in_quotes(spec.id) + " has more than 64 schedules");
    for (const ScheduleSpec& schedule : spec.schedules) {
      if (std::ranges::none_of(schedule.days, std::identity()))
        warn(schedule.at, "the schedule names no day and never opens");
      for (const int minute : {schedule.from_minute, schedule.to_minute})
        if (minute < 0 || minute > kMinutesADay) error(schedule.at, "a time of day lies between 00:00 and 24:00");
      for (const CategoryActionSpec& item : schedule.categories) check_setting(item);
      if (schedule.unlisted) check_unlisted(*schedule.unlisted, schedule.at);
    }
  }

  void compile_fallback() {
    if (spec_.fallback.empty())
      error(spec_.fallback_at, "fallback is missing",
            "name the group of people and devices that match no other; the strictest is a good choice");
    else if (const auto found = group(spec_.fallback, spec_.fallback_at))
      policy_.fallback = *found;
  }

  void compile_rule(const RuleSpec& spec) {
    OwnRule rule;
    rule.effect = spec.effect;
    rule.kind = spec.kind;
    rule.entry = spec.text;
    rule.exact = spec.exact;
    rule.why = spec.why;
    rule.approved_by = spec.approved_by;
    rule.risk_assessment = spec.risk_assessment;
    rule.networks = spec.networks;
    rule.of_measure = !spec.measure.empty();
    rule.of_exam = exams_.contains(spec.measure);
    rule.at = spec.at;
    compile_category(spec, rule);
    compile_rule_groups(spec, rule);
    compile_until(spec, rule);
    compile_needs(spec, rule);
    switch (spec.kind) {
      case Kind::site: compile_site(spec, std::move(rule)); break;
      case Kind::url: compile_url(spec, std::move(rule)); break;
      case Kind::pattern: compile_pattern(spec, std::move(rule)); break;
      case Kind::term: compile_term(spec, std::move(rule)); break;
      case Kind::everything: policy_.rules.add_closure(std::move(rule)); break;
    }
  }

  void compile_category(const RuleSpec& spec, OwnRule& rule) {
    if (spec.category.empty()) {
      if ((spec.effect == Effect::block && spec.kind != Kind::everything) || spec.effect == Effect::categorise)
        error(spec.at, "a block rule needs a category",
              "it decides the words on the block page and the recipients of alerts");
      return;
    }
    rule.category = category(spec.category, spec.at);
    if (rule.category == kNoCategory) return;
    rule.illegal = spec_.categories[rule.category].illegal;
    if (rule.illegal && spec.effect == Effect::allow)
      error(spec.at, in_quotes(spec.category) + " is illegal content and cannot be allowed");
    if (spec_.categories[rule.category].support && spec.effect != Effect::allow)
      error(spec.at, in_quotes(spec.category) + " is never blocked", "choose the category that the site belongs to");
  }

  void compile_rule_groups(const RuleSpec& spec, OwnRule& rule) {
    if (spec.effect == Effect::emergency && !spec.groups.empty())
      return warn(spec.at, "an emergency block is for every group; 'groups' is ignored");
    for (const std::string& name : spec.groups)
      if (const auto found = group(name, spec.at)) rule.groups.add(*found);
  }

  void compile_until(const RuleSpec& spec, OwnRule& rule) {
    if (spec.ends) rule.ends = *spec.ends;
    if (!spec.until) return;
    if (!spec.until->ok()) return error(spec.at, "until is not a day of the calendar");
    rule.ends =
        std::min(rule.ends, policy_.clock.first_instant(std::chrono::local_days(*spec.until) + std::chrono::days(1)));
    if (rule.ends <= now_)
      warn(spec.at, "the rule for " + in_quotes(spec.text) + " has expired and does not apply",
           "remove it or set a new 'until'");
  }

  /// Each helper is a rule of its own, for whom and as long as the rule that needs it.
  void compile_needs(const RuleSpec& spec, const OwnRule& rule) {
    if (spec.needs.empty()) return;
    if (spec.effect != Effect::allow || (spec.kind != Kind::site && spec.kind != Kind::url))
      return error(spec.needs.front().at, "'needs' belongs to an allow rule with a site or url",
                   "it names the hosts that the pages of an allowed site load from");
    const auto site = spec.kind == Kind::site ? names::Host::parse(spec.text) : host_of_url(spec.text);
    if (!site) return;  // said where the rule itself is read
    auto helped = std::make_shared<Helped>(Helped{spec.text, site->text(), spec.kind == Kind::site, {}});
    for (const HelperSpec& helper : spec.needs) {
      const auto host = names::Host::parse(helper.host);
      if (!host || (!host->address() && host->text().find('.') == std::string::npos))
        error(helper.at, in_quotes(helper.host) + " is not a host" + (host ? "" : ": " + host.error().what),
              "such as cdn.example.org; each host by its own name");
      else
        helped->helpers.push_back(host->text());
    }
    for (const std::string& host : helped->helpers) {
      OwnRule help = rule;
      help.kind = Kind::site;
      help.category = kNoCategory;
      help.entry = host;
      help.helped = helped;
      policy_.rules.add_helper(std::move(help), host);
    }
    if (!rule.of_measure) warn_of_needless_help(spec, rule);
  }

  static Result<names::Host> host_of_url(const std::string& text) {
    const auto url = names::Url::parse(text);
    if (!url) return std::unexpected(url.error());
    return names::Host::parse(url->host());
  }

  void warn_of_needless_help(const RuleSpec& spec, const OwnRule& rule) {
    for (std::size_t i = 0; i < policy_.groups.size(); ++i)
      if (rule.groups.contains(static_cast<GroupIndex>(i)) && policy_.groups[i].ever_walled_in()) return;
    warn(spec.needs.front().at, "'needs' has no effect: no group of this rule has 'unlisted: block'",
         "the others reach these hosts anyway");
  }

  void compile_site(const RuleSpec& spec, OwnRule rule) {
    if (spec.text.find('/') != std::string::npos)
      return error(spec.at, in_quotes(spec.text) + " is not a site",
                   "a site is a host name such as example.org; for a part of it write url:");
    if (spec.text.starts_with("*.") || spec.text.starts_with('.')) {
      const auto site = read_site_text(spec.text);
      return error(spec.at, site.error().what, site.error().next);
    }
    const auto host = names::Host::parse(spec.text);
    if (!host) return error(spec.at, in_quotes(spec.text) + " is not a site: " + host.error().what, host.error().next);
    warn_of_support_site(spec, host->text());
    rule.entry = host->text();
    remember(rule, spec);
    policy_.rules.add_site(std::move(rule), host->text());
  }

  void compile_url(const RuleSpec& spec, OwnRule rule) {
    const auto url = names::Url::parse(spec.text);
    if (!url) return error(spec.at, in_quotes(spec.text) + " is not a URL: " + url.error().what, url.error().next);
    warn_of_support_site(spec, url->host());
    rule.entry = url->text().substr(static_cast<std::size_t>(url->host().data() - url->text().data()));
    rule.names_inner = !nested_urls(*url).found.empty();
    if (const std::size_t mark = spec.text.find('?'); mark != std::string::npos)
      rule.raw_query = spec.text.substr(mark + 1, spec.text.find('#', mark) - mark - 1);
    remember(rule, spec);
    policy_.rules.add_url(std::move(rule), *url);
  }

  void compile_pattern(const RuleSpec& spec, OwnRule rule) {
    if (const auto fault = PatternSet::check(spec.text))
      return error(
          spec.at, "bad pattern at character " + std::to_string(fault->offset + 1) + ": " + fault->message,
          spec.text.starts_with("*.")
              ? "a pattern is a regular expression; for a site and all under it write site: " + spec.text.substr(2)
              : fault->hint);
    if (std::ranges::any_of(spec.text, [](unsigned char c) { return c >= 0x80; }))
      warn(spec.at, "the pattern holds letters that no canonical URL holds",
           "a host is written as xn--…, other letters in a path as %XX");
    if (spec.effect == Effect::allow && spec.text.find('^') == std::string::npos)
      warn(spec.at, "an allow pattern without '^' also fits other sites whose address holds the same text",
           "begin it with ^https?://host/ with each dot escaped");
    policy_.rules.add_pattern(std::move(rule));
  }

  void compile_term(const RuleSpec& spec, OwnRule rule) {
    auto phrase = TermSet::prepare(spec.text);
    if (!phrase)
      return error(spec.at, in_quotes(spec.text) + " is not a phrase: " + phrase.error().what, phrase.error().next);
    if (++terms_ == kMaxTerms + 1) error(spec.at, "there are more than 20000 terms");
    if (terms_ > kMaxTerms) return;
    if (spec.effect == Effect::block || spec.effect == Effect::categorise) warn_of_unread_searches(spec, rule);
    remember(rule, spec);
    policy_.rules.add_term(std::move(rule), std::move(*phrase));
  }

  /// Over HTTPS a search is seen only where the group's search engines are opened.
  void warn_of_unread_searches(const RuleSpec& spec, const OwnRule& rule) {
    if (rule.groups.everybody() || policy_.inspection == InspectionMode::off) return;
    for (std::size_t i = 0; i < policy_.groups.size(); ++i)
      if (rule.groups.contains(static_cast<GroupIndex>(i)) && !policy_.groups[i].search_terms)
        warn(spec.at, "the rule for " + in_quotes(spec.text) + " sees no search of group " + in_quotes(group_ids_[i]),
             policy_.groups[i].certificate
                 ? "set search_terms: true for that group, so that search engines are opened for it"
                 : "its devices do not have the school's certificate (certificate: false): nothing is opened for it");
  }

  void warn_of_support_site(const RuleSpec& spec, std::string_view host) {
    if (spec.effect != Effect::block) return;
    if (const std::string_view site = support_site_of(host); !site.empty())
      warn(spec.at,
           "the rule has no effect: " + std::string(site) + " is a site of help and support and is never blocked");
  }

  /// Rules for the same place, to find an allow that a block undoes.
  void remember(const OwnRule& rule, const RuleSpec& spec) {
    if (rule.ends > now_)
      same_place_[std::to_string(int(rule.kind)) + std::string(without_last_slash(rule.entry))].push_back(
          {rule, &spec});
  }

  void warn_of_allows_without_effect() {
    for (const auto& [place, rules] : same_place_)
      for (const auto& [allow, spec] : rules)
        if (allow.effect == Effect::allow)
          for (const auto& [block, by] : rules)
            if (block.effect == Effect::block && (block.groups.everybody() || block.groups == allow.groups)) {
              warn(spec->at,
                   "the allow rule for " + in_quotes(spec->text) + " has no effect: " + by->at.line_text() +
                       " blocks the same",
                   "on a tie block wins; remove one, or name groups");
              break;
            }
  }

  void compile_never_inspect() {
    policy_.never_inspect_categories.resize(spec_.categories.all().size());
    for (const std::string_view id : kNeverInspected)
      if (const CategoryId found = spec_.categories.find(id); found != kNoCategory)
        policy_.never_inspect_categories[found] = true;
    for (const std::string& text : spec_.never_inspect) {
      if (const CategoryId found = spec_.categories.find(text); found != kNoCategory) {
        policy_.never_inspect_categories[found] = true;
        continue;
      }
      const auto host = names::Host::parse(text);
      if (host && text.find('.') != std::string::npos)
        policy_.never_inspect_sites.insert(host->text());
      else
        error({}, "inspection.never: " + in_quotes(text) + " is neither a site nor a category",
              near_match_hint(text, category_ids_));
    }
  }

  void check_test(const RuleTestSpec& test) {
    (void)group(test.group, test.at);
    if (test.category) (void)category(*test.category, test.at);
    if (const auto url = names::Url::parse(test.url); !url)
      error(test.at, in_quotes(test.url) + " is not a URL: " + url.error().what, url.error().next);
    if (!test.from.empty() && !asking_page({}, test.from, {}, {}).a_page)
      error(test.at, in_quotes(test.from) + " is not the address of a page", "such as https://example.org/lesson");
    if (test.time && !read_site_time(policy_.clock, *test.time, now_))
      error(test.at, in_quotes(*test.time) + " is not a time", "write \"tue 12:30\", \"2026-11-24 12:30\" or RFC 3339");
  }

  struct Placed {
    OwnRule rule;
    const RuleSpec* spec;
  };

  const PolicySpec& spec_;
  CompiledPolicy policy_;
  TimePoint now_;
  Problems& problems_;
  std::size_t terms_ = 0;
  std::set<std::string> exams_;  ///< the measures that close everything else
  std::vector<std::string> category_ids_, group_ids_;
  std::map<std::string, std::vector<Placed>> same_place_;
};

Result<SiteClock> open_clock(const PolicySpec& spec, Problems& problems) {
  Result<SiteClock> clock = SiteClock::open(spec.timezone);
  if (clock) return clock;
  const std::string hint = near_match_hint(spec.timezone, SiteClock::zone_names());
  problems.push_back(
      {Problem::Severity::error, spec.timezone_at, clock.error().what, hint.empty() ? clock.error().next : hint});
  return SiteClock::open("UTC");  // so that the rest can be checked; nothing is served with it
}

}  // namespace

std::expected<std::shared_ptr<const PolicySnapshot>, Problems> PolicySnapshot::compile(
    const PolicySpec& spec, std::shared_ptr<const blocklists::CategoryDb> lists, TimePoint now, Problems& warnings) {
  Problems problems;
  Result<SiteClock> clock = open_clock(spec, problems);
  if (!clock) return std::unexpected(std::move(problems));

  Compiler compiler(spec, std::move(lists), std::move(*clock), now, problems);
  compiler.compile();
  if (has_errors(problems)) return std::unexpected(std::move(problems));
  warnings.insert(warnings.end(), std::move_iterator(problems.begin()), std::move_iterator(problems.end()));
  std::shared_ptr<PolicySnapshot> snapshot(new PolicySnapshot());
  snapshot->impl_ = std::make_unique<const Impl>(std::move(compiler).take());
  return snapshot;
}

}  // namespace schoolgate::rules
