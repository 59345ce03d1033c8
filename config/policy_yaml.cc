// policy.yaml: who may reach what. What groups and categories mean together is checked when the policy is compiled.
#include <algorithm>
#include <array>

#include "config/change_rules.h"
#include "config/plain_text.h"
#include "config/yaml_files.h"

namespace schoolgate::config {
namespace {

constexpr std::pair<std::string_view, rules::Action> kActions[] = {{"block", rules::Action::block},
                                                                   {"warn", rules::Action::warn},
                                                                   {"monitor", rules::Action::monitor},
                                                                   {"allow", rules::Action::allow}};
constexpr std::pair<std::string_view, rules::Action> kUnlisted[] = {{"block", rules::Action::block},
                                                                    {"allow", rules::Action::allow}};
constexpr std::pair<std::string_view, rules::YoutubeRestriction> kYoutube[] = {
    {"strict", rules::YoutubeRestriction::strict}, {"moderate", rules::YoutubeRestriction::moderate}};

std::vector<rules::CategoryActionSpec> read_actions(const YamlNode& node, Report& report) {
  std::vector<rules::CategoryActionSpec> out;
  for (const auto& [key, value] : entries_of(node, report)) {
    rules::CategoryActionSpec spec{key->text, rules::Action::block, report.at(*key)};
    if (read_value(*value, report, Choice<rules::Action>{spec.action, kActions})) out.push_back(std::move(spec));
  }
  return out;
}

std::vector<rules::MemberSpec> read_names(Mapping& keys, std::string_view key, Report& report) {
  std::vector<rules::MemberSpec> out;
  const YamlNode* node = keys.find(key);
  if (!node) return out;
  for (const YamlNode& item : items_of(*node, report)) {
    rules::MemberSpec spec{{}, report.at(item)};
    if (read_value(item, report, spec.name)) out.push_back(std::move(spec));
  }
  return out;
}

std::vector<rules::AllowanceSpec> read_allowances(const YamlNode& node, Report& report) {
  using std::chrono::minutes;
  std::vector<rules::AllowanceSpec> out;
  for (const auto& [key, value] : entries_of(node, report)) {
    std::chrono::seconds time{0};
    if (!read_value(*value, report, Span{time, minutes(1), minutes(24 * 60)})) continue;
    if (time % minutes(1) != std::chrono::seconds(0))
      report.error(*value, "an allowance is counted in whole minutes", "such as 30m");
    else
      out.push_back({key->text, int(time / minutes(1)), report.at(*key)});
  }
  return out;
}

std::vector<rules::NetworkSpec> read_networks(const YamlNode& node, Report& report) {
  std::vector<rules::NetworkSpec> out;
  for (const YamlNode& item : items_of(node, report)) {
    rules::NetworkSpec spec{{}, report.at(item)};
    if (read_value(item, report, spec.network)) out.push_back(std::move(spec));
  }
  return out;
}

rules::ScheduleSpec read_schedule(const YamlNode& node, Report& report) {
  rules::ScheduleSpec spec;
  spec.at = report.at(node);
  Mapping keys(node, report);
  if (const YamlNode* when_node = keys.require("when")) {
    Mapping when(*when_node, report);
    read_days(when.find("days"), report, spec.days);
    const YamlNode *from = when.require("from"), *to = when.require("to");
    if (from) spec.from_minute = time_of_day_of(*from, report).value_or(0);
    if (to) spec.to_minute = time_of_day_of(*to, report).value_or(0);
  }
  const YamlNode* categories = keys.find("categories");
  if (categories) spec.categories = read_actions(*categories, report);
  const YamlNode* unlisted = keys.find("unlisted");
  if (unlisted) {
    rules::Action action{};
    if (read_value(*unlisted, report, Choice<rules::Action>{action, kUnlisted})) spec.unlisted = action;
  }
  if (node.kind == YamlNode::Kind::mapping && !categories && !unlisted)
    report.error(node, "this schedule changes nothing", "give it 'categories' or 'unlisted'");
  return spec;
}

/// At least one, each once.
void read_words(Mapping& keys, std::string_view key, Report& report, std::vector<std::string>& out) {
  const YamlNode* node = keys.find(key);
  if (!node) return;
  for (const YamlNode& item : items_of(*node, report)) {
    std::string word;
    if (!read_value(item, report, word)) continue;
    if (std::ranges::find(out, word) != out.end())
      report.error(item, "'" + printable(word) + "' stands twice");
    else
      out.push_back(std::move(word));
  }
  if (node->kind == YamlNode::Kind::list && node->items.empty())
    report.error(*node, "nothing in '" + std::string(key) + "'", "name at least one, or leave the key out");
}

/// What stands in a header field must not be able to end it, or the list in it.
bool is_tenant(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

bool is_directory_id(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

void read_tenant_list(Mapping& keys, std::string_view key, Report& report, std::vector<std::string>& out) {
  read_words(keys, key, report, out);
  const YamlNode* node = keys.find(key);
  for (const std::string& tenant : out)
    if (!is_tenant(tenant))
      report.error(*node, "'" + printable(tenant) + "' is not a domain", "such as school.example");
}

void read_tenants(const YamlNode& node, Report& report, rules::TenantSpec& tenants) {
  static constexpr std::pair<std::string_view, bool> kPersonal[] = {{"block", false}, {"allow", true}};
  Mapping keys(node, report);
  read_tenant_list(keys, "google", report, tenants.google);
  const YamlNode* microsoft_node = keys.find("microsoft");
  if (!microsoft_node) return;
  Mapping microsoft(*microsoft_node, report);
  read_tenant_list(microsoft, "tenants", report, tenants.microsoft);
  (void)microsoft.require("tenants");
  microsoft.required("context", tenants.microsoft_context);
  if (!tenants.microsoft_context.empty() && !is_directory_id(tenants.microsoft_context))
    report.error(*microsoft.find("context"), "'" + printable(tenants.microsoft_context) + "' is not a directory id",
                 "the tenant id of the school's own directory, such as 01234567-89ab-cdef-0123-456789abcdef");
  microsoft.optional("personal_accounts", Choice<bool>{tenants.microsoft_personal, kPersonal});
}

void read_thresholds(const YamlNode& node, Report& report, std::vector<rules::ContentThresholdSpec>& thresholds) {
  for (const auto& [key, value] : entries_of(node, report)) {
    rules::ContentThresholdSpec item{key->text, 0, report.at(*key)};
    if (read_value(*value, report, Whole{item.score, 1, 10'000})) thresholds.push_back(std::move(item));
  }
}

void read_content(const YamlNode& node, Report& report, rules::ContentSpec& content) {
  content.at = report.at(node);
  Mapping keys(node, report);
  keys.optional("threshold", Whole{content.threshold, 1, 10'000});
  if (const YamlNode* thresholds = keys.find("thresholds")) read_thresholds(*thresholds, report, content.thresholds);
  keys.optional("keep_words", content.keep_words);
}

/// `inspect`: allowed, and opened to be read.
void read_unlisted(Mapping& keys, Report& report, rules::GroupSpec& group) {
  enum class Unlisted : std::uint8_t { block, allow, inspect };
  static constexpr std::pair<std::string_view, Unlisted> kAnswers[] = {
      {"block", Unlisted::block}, {"allow", Unlisted::allow}, {"inspect", Unlisted::inspect}};
  const YamlNode* node = keys.find("unlisted");
  Unlisted answer = Unlisted::allow;
  if (!node || !read_value(*node, report, Choice<Unlisted>{answer, kAnswers})) return;
  group.unlisted = answer == Unlisted::block ? rules::Action::block : rules::Action::allow;
  group.inspect_unlisted = answer == Unlisted::inspect;
  if (group.inspect_unlisted && !group.content) group.content.emplace().at = report.at(*node);
}

bool is_media_type(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
         text.find_first_of(" ;,\t", 0) == std::string_view::npos &&
         text.find('/', slash + 1) == std::string_view::npos &&
         (text.find('*') == std::string_view::npos || text.substr(slash + 1) == "*");
}

void read_downloads(const YamlNode& node, Report& report, rules::DownloadSpec& downloads) {
  downloads.at = report.at(node);
  Mapping keys(node, report);
  read_words(keys, "block_types", report, downloads.block_types);
  for (const std::string& type : downloads.block_types)
    if (!is_media_type(type))
      report.error(*keys.find("block_types"), "'" + printable(type) + "' is not a media type",
                   "such as application/x-msdownload, or video/* for all of a kind");
  read_words(keys, "block_extensions", report, downloads.block_extensions);
  for (const std::string& extension : downloads.block_extensions)
    if (extension.find_first_of("*/\\ ") != std::string::npos || extension == ".")
      report.error(*keys.find("block_extensions"), "'" + printable(extension) + "' is not an extension",
                   "such as exe, without a dot or '*'");
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 50;
  keys.optional("max_size", Bytes{downloads.max_size, 1, kMostBytes});
  if (node.kind == YamlNode::Kind::mapping && downloads.block_types.empty() && downloads.block_extensions.empty() &&
      downloads.max_size == 0 && node.entries.empty())
    report.error(node, "nothing is said about downloads", "give it block_types, block_extensions or max_size");
}

rules::GroupSpec read_group(const YamlNode& key, const YamlNode& node, Report& report) {
  rules::GroupSpec group;
  group.id = key.text;
  group.title = key.text;
  group.at = report.at(key);
  Mapping keys(node, report);
  keys.optional("title", group.title);
  if (const YamlNode* members_node = keys.find("members")) {
    Mapping members(*members_node, report);
    if (const YamlNode* networks = members.find("networks")) group.networks = read_networks(*networks, report);
    group.users = read_names(members, "users", report);
    group.directory_groups = read_names(members, "groups", report);
    group.devices = read_names(members, "devices", report);
  }
  if (const YamlNode* actions = keys.find("categories")) group.categories = read_actions(*actions, report);
  if (const YamlNode* content = keys.find("content")) read_content(*content, report, group.content.emplace());
  read_unlisted(keys, report, group);
  keys.optional("safe_search", group.safe_search);
  keys.optional("youtube", Choice<rules::YoutubeRestriction>{group.youtube, kYoutube});
  if (keys.find("youtube") && !group.safe_search)
    report.warning(*keys.find("youtube"), "'youtube' has no effect without 'safe_search: true'");
  keys.optional("search_terms", group.search_terms);
  if (const YamlNode* tenants = keys.find("tenants")) read_tenants(*tenants, report, group.tenants);
  if (const YamlNode* downloads = keys.find("downloads")) read_downloads(*downloads, report, group.downloads.emplace());
  if (const YamlNode* inspect = keys.find("inspect")) {
    for (const YamlNode& item : items_of(*inspect, report)) {
      std::string category;
      if (read_value(item, report, Id{category})) group.inspect.push_back(std::move(category));
    }
  }
  keys.optional("certificate", group.certificate);
  const auto has_no_effect = [&](const char* key) {
    report.warning(*keys.find(key), "'" + std::string(key) + "' has no effect with 'certificate: false'",
                   "no connection of these devices is opened");
  };
  if (!group.certificate && !group.inspect.empty()) has_no_effect("inspect");
  if (!group.certificate && group.search_terms.value_or(false)) has_no_effect("search_terms");
  if (const YamlNode* allowances = keys.find("allowances")) group.allowances = read_allowances(*allowances, report);
  if (const YamlNode* schedules = keys.find("schedules"))
    for (const YamlNode& item : items_of(*schedules, report)) group.schedules.push_back(read_schedule(item, report));
  return group;
}

}  // namespace

void read_policy(const YamlNode& root, Report& report, rules::PolicySpec& policy) {
  Mapping keys(root, report);
  if (const YamlNode* groups = keys.require("groups")) {
    if (groups->kind == YamlNode::Kind::mapping && groups->entries.empty()) report.error(*groups, "no group");
    for (const auto& [key, value] : entries_of(*groups, report))
      policy.groups.push_back(read_group(*key, *value, report));
  }
  if (const YamlNode* fallback = keys.require("fallback")) {
    policy.fallback_at = report.at(*fallback);
    read_value(*fallback, report, Id{policy.fallback});
  }
  if (const YamlNode* changes = keys.find("changes")) (void)read_change_rules(*changes, report);  // change_rules_of()
}

}  // namespace schoolgate::config
