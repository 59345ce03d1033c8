// schoolgate inspect-report: what the policy opens, for whom and why, and what is never opened.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "app/authority_page.h"
#include "app/command.h"
#include "app/inspection_seen.h"
#include "app/load_policy.h"
#include "app/table.h"
#include "base/json.h"
#include "blocklists/line_reader.h"
#include "blocklists/list_files.h"
#include "proxy/tls/authority.h"
#include "rules/inspection_plan.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kInspectReportHelp =
    R"(schoolgate inspect-report --config DIR [--group G] [--json]

Lists, for every group or for G, the hosts whose connections the configuration in DIR opens (decrypts), and the reason
for it: rules of the school and entries of lists about part of a host, patterns, categories in `inspect`, search engines,
SafeSearch by parameter, sign-in hosts of `tenants`, and sites that show others under their own name. Then everything
that is never opened. Of a list the first few hosts are shown and the number of its entries; of a sealed one no host.
Schedules count as they stand now.

No gateway need run. One that does, and that this user may ask, adds how many connections it opened since its start, and
the hosts whose clients did not accept the school's certificate: probably apps that know their own.

  --group G   this group only
  --json      one JSON object, with every host that is known one by one; "connections" and "distrusted" are null where
              no gateway could be asked
)";

constexpr std::size_t kFewHosts = 8;  ///< of a list
constexpr std::size_t kFewWords = 3;  ///< on a line for people
constexpr std::uint64_t kMostLines = 20'000;

/// Collects the hosts of entries about parts of hosts, as the list's publisher wrote them.
class UrlHosts final : public blocklists::EntrySink {
 public:
  void host(std::string_view) override {}
  void url(std::string_view text) override {
    if (hosts_.size() == kFewHosts) return;
    const auto url = names::Url::parse(text);
    if (url && url->path() == "/" && url->query().empty()) return;  // the whole host: its name says all
    if (url && std::ranges::find(hosts_, url->host()) == hosts_.end()) hosts_.emplace_back(url->host());
  }
  void pattern(std::string_view, bool) override {}
  void except(std::string_view, Reach) override {}
  void withdraw(std::string_view) override {}
  void skip(std::string_view) override {}
  void reject(std::string_view) override {}
  [[nodiscard]] std::vector<std::string>& hosts() noexcept { return hosts_; }

 private:
  std::vector<std::string> hosts_;
};

/// The first few, in the first lines of each of the list's files. Compiled images keep no text.
std::vector<std::string> first_hosts(const config::ListConfig& list, const std::filesystem::path& state) {
  const std::filesystem::path path =
      list.remote ? state / "lists" / "sources" / list.name : std::filesystem::path(list.source);
  const auto files = blocklists::files_of(
      {.name = list.name, .category = list.category, .format = list.format, .path = path, .member = list.member});
  UrlHosts found;
  if (!files) return {};
  for (const blocklists::ListFile& file : files->files) {
    const auto importer = blocklists::importer_for(file.format);
    auto reader = blocklists::open_list_file(file);
    if (!importer || !reader) continue;
    blocklists::LineReader::Line line;
    while (found.hosts().size() < kFewHosts && reader->next(line) && line.number <= kMostLines)
      if (!line.too_long) importer->line(line.text, found);
  }
  return std::move(found.hosts());
}

struct GroupPlan {
  rules::GroupIndex group;
  std::vector<rules::PlannedOpening> opens;
};

std::vector<GroupPlan> plans_of(const LoadedPolicy& loaded, const std::vector<rules::GroupIndex>& groups,
                                TimePoint now) {
  std::vector<GroupPlan> plans;
  for (const rules::GroupIndex group : groups) {
    plans.push_back({group, rules::inspection_plan(*loaded.snapshot, group, now)});
    for (rules::PlannedOpening& opening : plans.back().opens) {
      if (opening.list.empty() || opening.sealed || opening.reason != rules::InspectReason::url_entry) continue;
      const auto list = std::ranges::find(loaded.configuration.lists, opening.list, &config::ListConfig::name);
      if (list != loaded.configuration.lists.end() && !list->sealed)
        opening.hosts = first_hosts(*list, loaded.configuration.settings.state);
    }
  }
  return plans;
}

std::string some_of(const std::vector<std::string>& hosts, std::size_t most, std::uint64_t of = 0) {
  std::string text;
  for (std::size_t i = 0; i < hosts.size() && i < most; ++i) (text += text.empty() ? "" : ", ") += hosts[i];
  const bool more = hosts.size() > most || of > hosts.size();
  return text.empty() || !more ? text : text + ", …";
}

std::string which(const rules::PlannedOpening& opening) {
  if (opening.every_host()) return "every host";
  if (opening.sealed) return "hosts withheld (sealed)";
  const std::string hosts = some_of(opening.hosts, kFewWords, opening.entries);
  return hosts.empty() ? "its hosts" : hosts;
}

std::string why(const rules::PlannedOpening& opening) {
  using rules::InspectReason;
  switch (opening.reason) {
    case InspectReason::always: return "inspection.mode is always";
    case InspectReason::category:
      return "category " + opening.category + " is in `inspect`: list " + opening.list + ", " +
             counted(opening.entries, "host", "hosts");
    case InspectReason::safe_search: return "safe_search by parameter";
    case InspectReason::unlisted: return "unlisted: inspect";
    case InspectReason::tenants: return "tenants";
    case InspectReason::wrapper:
      return "show other sites under their own name: " + counted(opening.hosts.size(), "host", "hosts");
    default: break;
  }
  if (!opening.rule.empty()) return "rule '" + opening.rule + "' at " + opening.source;
  return "list " + opening.list + " (" + opening.category + "), " +
         counted(opening.entries, "entry about part of a host", "entries about parts of hosts");
}

std::string_view mode_text(rules::InspectionMode mode) noexcept {
  switch (mode) {
    case rules::InspectionMode::off: return "off";
    case rules::InspectionMode::selective: return "selective";
    case rules::InspectionMode::always: break;
  }
  return "always";
}

void print_words(const LoadedPolicy& loaded, const std::vector<GroupPlan>& plans, bool authority,
                 const std::optional<InspectionSeen>& seen) {
  const rules::PolicySnapshot& policy = *loaded.snapshot;
  const rules::InspectionMode mode = loaded.configuration.settings.inspection;
  std::string out = "inspection: " + std::string(mode_text(mode)) + "\n";
  if (mode == rules::InspectionMode::off)
    out += "No connection is opened, for any group.\n";
  else if (!authority)
    out += "There is no authority yet (schoolgate ca create): until there is one, nothing is opened.\n";
  for (const GroupPlan& plan : plans) {
    out += "\n" + std::string(policy.group_id(plan.group)) + " (" + std::string(policy.group_title(plan.group)) + ")\n";
    Table table;
    std::vector<std::string> engines;
    for (const rules::PlannedOpening& opening : plan.opens)
      if (opening.reason == rules::InspectReason::search_terms)
        engines.push_back(opening.name);
      else
        table.row({which(opening), why(opening)});
    if (!engines.empty())
      table.row({"the hosts of " + counted(engines.size(), "search engine", "search engines"),
                 "search_terms: " + some_of(engines, engines.size())});
    out += plan.opens.empty() ? "  nothing\n" : table.text("  ");
  }
  const rules::NeverOpened never = rules::never_opened(policy);
  Table table;
  if (!never.sites.empty()) table.row({"inspection.never", some_of(never.sites, never.sites.size())});
  table.row({"categories", some_of(never.categories, never.categories.size())});
  table.row({"sites of help", "the shipped table and lists of category support"});
  std::vector<std::pair<std::string_view, std::size_t>> kinds;
  for (const auto& [site, kind] : never.shipped) {
    const auto known = std::ranges::find(kinds, kind, [](const auto& item) { return item.first; });
    known == kinds.end() ? void(kinds.emplace_back(kind, 1)) : void(++known->second);
  }
  std::string shipped;
  for (const auto& [kind, count] : kinds)
    (shipped += shipped.empty() ? "" : ", ") += std::to_string(count) + " " + std::string(kind);
  table.row({"shipped list", shipped});
  out += "\nnever opened\n" + table.text("  ");
  if (seen) out += '\n' + seen_text(*seen);
  print(out);
}

void write_opening(JsonWriter& json, const rules::PlannedOpening& opening) {
  const auto text_or_null = [&](std::string_view name, const std::string& text) {
    json.key(name);
    text.empty() ? json.null() : json.value(text);
  };
  json.begin_object().field("reason", rules::to_string(opening.reason)).field("every_host", opening.every_host());
  json.key("hosts").begin_array();
  for (const std::string& host : opening.hosts) json.value(host);
  json.end_array();
  text_or_null("rule", opening.rule);
  text_or_null("list", opening.list);
  text_or_null("category", opening.category);
  text_or_null("source", opening.source);
  text_or_null("engine", opening.name);
  json.field("entries", opening.entries).field("sealed", opening.sealed).end_object();
}

void print_json(const LoadedPolicy& loaded, const std::vector<GroupPlan>& plans, bool authority,
                const std::optional<InspectionSeen>& seen) {
  const rules::PolicySnapshot& policy = *loaded.snapshot;
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("mode", mode_text(loaded.configuration.settings.inspection)).field("authority", authority);
  json.field("policy_version", policy.version());
  json.key("groups").begin_array();
  for (const GroupPlan& plan : plans) {
    json.begin_object().field("group", policy.group_id(plan.group)).field("title", policy.group_title(plan.group));
    json.key("opens").begin_array();
    for (const rules::PlannedOpening& opening : plan.opens) write_opening(json, opening);
    json.end_array().end_object();
  }
  json.end_array();
  const rules::NeverOpened never = rules::never_opened(policy);
  json.key("never").begin_object();
  for (const auto& [name, items] : {std::pair("sites", &never.sites), std::pair("categories", &never.categories)}) {
    json.key(name).begin_array();
    for (const std::string& item : *items) json.value(item);
    json.end_array();
  }
  json.key("shipped").begin_array();
  for (const auto& [site, kind] : never.shipped)
    json.begin_object().field("site", site).field("why", kind).end_object();
  json.end_array().end_object();
  write_seen(json, seen);
  json.end_object();
  print(out + '\n');
}

int inspect_report(std::span<const std::string_view> words) {
  store::only_ask();
  const auto arguments = Arguments::read(words, {.options = {"--config", "--group"}, .switches = {"--json"}});
  if (!arguments) return usage_error(kInspectReportCommand, arguments.error());
  if (!arguments->has("--config"))
    return usage_error(kInspectReportCommand, {Fault::client, "--config DIR is missing", {}});
  const TimePoint now = wall_now();
  const auto loaded = load_policy(arguments->get("--config"), now, RefusedLists::serve_last_good);
  if (!loaded) return report(loaded.error());

  std::vector<rules::GroupIndex> groups;
  std::string ids;
  for (const rules::GroupSpec& group : loaded->configuration.policy.groups) {
    (ids += ids.empty() ? "" : ", ") += group.id;
    if (!arguments->has("--group") || arguments->get("--group") == group.id)
      groups.push_back(*loaded->snapshot->find_group(group.id));
  }
  if (groups.empty())
    return report(Error{Fault::client, "there is no group '" + arguments->get("--group") + "'", "groups are " + ids});

  std::error_code ignored;
  const auto folder = authority_folder(loaded->configuration.settings);
  const bool authority = std::filesystem::exists(tls::authority_files(folder).certificate, ignored);
  const std::vector<GroupPlan> plans = plans_of(*loaded, groups, now);
  const auto seen = ask_what_was_seen(loaded->configuration.settings.state);
  if (arguments->has("--json"))
    print_json(*loaded, plans, authority, seen);
  else
    print_words(*loaded, plans, authority, seen);
  return kDone;
}

}  // namespace

const Command kInspectReportCommand{"inspect-report", "list decrypted hosts by group, with the reason",
                                    kInspectReportHelp, inspect_report};

}  // namespace schoolgate::app
