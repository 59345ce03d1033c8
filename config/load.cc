#include "config/load.h"

#include <algorithm>
#include <map>
#include <system_error>
#include <tuple>

#include "base/digest.h"
#include "base/file.h"
#include "config/load_texts.h"
#include "config/plain_text.h"
#include "config/suggest.h"
#include "config/yaml_files.h"
#include "rules/snapshot.h"

namespace schoolgate::config {
namespace {

namespace fs = std::filesystem;
using Files = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kFiles[] = {"schoolgate.yaml", "policy.yaml", "categories.yaml", "lists.yaml",
                                       "alerts.yaml"};
constexpr std::string_view kRequired[] = {"schoolgate.yaml", "policy.yaml"};
constexpr std::size_t kMostRuleFiles = 1000;

Problem problem(Problem::Severity severity, const fs::path& file, std::string message, std::string hint = {}) {
  return {severity, {file.string(), 0, 0}, std::move(message), std::move(hint)};
}

// Names in `folder`, sorted; hidden files are editors' and version control's.
std::vector<std::string> names_in(const fs::path& folder, std::error_code& failed) {
  std::vector<std::string> out;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(".")) out.push_back(name);
  }
  std::ranges::sort(out);
  return out;
}

void read_one(const fs::path& folder, std::string_view name, Files& files, Problems& problems) {
  auto text = read_file(folder / name, kMaxFileBytes);
  if (text)
    files.emplace_back(name, std::move(*text));
  else
    problems.push_back(problem(Problem::Severity::error, folder / name, text.error().what, text.error().next));
}

void read_rule_files(const fs::path& folder, Files& files, Problems& problems) {
  std::error_code failed;
  if (fs::symlink_status(folder / "rules", failed).type() == fs::file_type::not_found) return;
  const std::vector<std::string> names = names_in(folder / "rules", failed);
  if (failed) {
    problems.push_back(
        problem(Problem::Severity::error, folder / "rules", "cannot list this folder: " + failed.message()));
    return;
  }
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (name.ends_with(".yml"))
      problems.push_back(problem(Problem::Severity::warning, folder / "rules" / name, "this file is not read",
                                 "rules are in files that end in .yaml"));
    if (!name.ends_with(".yaml")) continue;
    if (++count > kMostRuleFiles) {
      problems.push_back(problem(Problem::Severity::error, folder / "rules",
                                 "more than " + std::to_string(kMostRuleFiles) + " files of rules"));
      return;
    }
    read_one(folder, "rules/" + name, files, problems);
  }
}

// A misspelt policy.yaml would otherwise be passed over in silence.
void mention_stray_files(const std::vector<std::string>& names, const fs::path& folder, Problems& problems) {
  for (const std::string& name : names) {
    if (!name.ends_with(".yaml") && !name.ends_with(".yml")) continue;
    if (std::ranges::find(kFiles, name) != std::end(kFiles)) continue;
    problems.push_back(
        problem(Problem::Severity::warning, folder / name, "this file is not read", suggest(name, kFiles)));
  }
}

using Reader = void (*)(const YamlNode&, Report&, Configuration&);

Reader reader_of(std::string_view name) {
  if (name == "schoolgate.yaml")
    return [](const YamlNode& root, Report& report, Configuration& out) {
      read_schoolgate(root, report, out.settings, out.policy);
    };
  if (name == "policy.yaml")
    return [](const YamlNode& root, Report& report, Configuration& out) { read_policy(root, report, out.policy); };
  if (name == "categories.yaml")
    return [](const YamlNode& root, Report& report, Configuration& out) {
      read_categories(root, report, out.policy.categories);
    };
  if (name == "lists.yaml")
    return [](const YamlNode& root, Report& report, Configuration& out) {
      read_lists(root, report, out.policy.categories, out.lists, out.list_updates);
    };
  if (name == "alerts.yaml")
    return [](const YamlNode& root, Report& report, Configuration& out) { read_alerts(root, report, out.alerts); };
  return [](const YamlNode& root, Report& report, Configuration& out) { read_rules(root, report, out.policy); };
}

/// Files without which the others name what is not known.
struct Unread {
  bool categories = false, policy = false;
  void add(std::string_view name) {
    categories |= name == "categories.yaml";
    policy |= name == "policy.yaml";
  }
};

std::string version_of(const Files& files) {
  Sha256Stream digest;
  for (const auto& [name, text] : files) {
    digest.update(name + '\n' + std::to_string(text.size()) + '\n');
    digest.update(text);
  }
  return to_hex(digest.finish()).substr(0, 12);
}

// Where no group could be read: those that rules and tests name, so that what is wrong with these is found all the
// same.
void name_groups(rules::PolicySpec& broken) {
  const auto name = [&](const std::string& id) {
    if (!id.empty() && std::ranges::find(broken.groups, id, &rules::GroupSpec::id) == broken.groups.end())
      broken.groups.push_back({.id = id, .title = id});
  };
  for (const rules::RuleSpec& rule : broken.rules) std::ranges::for_each(rule.groups, name);
  for (const rules::RuleTestSpec& test : broken.tests) name(test.group);
  if (broken.groups.empty() && !broken.rules.empty()) name("any");
}

// What is missing only because the file that would say it could not be read is not said.
void leave_out_what_is_unread(const Unread& unread, Problems& problems) {
  std::erase_if(problems, [&](const Problem& found) {
    return (unread.categories && found.message.starts_with("unknown category")) ||
           (unread.policy && (found.message.starts_with("unknown group") || found.at.file.empty()));
  });
}

// What the compiler finds in an already broken configuration, so that one run tells everything. What could not be read
// is filled in, so that nothing is said about its absence.
void add_compile_errors(rules::PolicySpec broken, Problems& problems) {
  if (broken.groups.empty()) name_groups(broken);
  if (broken.groups.empty()) return;
  if (broken.timezone.empty()) broken.timezone = "UTC";
  if (broken.fallback.empty()) broken.fallback = broken.groups.front().id;
  Problems warnings;  // they are for a configuration that can be served
  const auto snapshot = rules::PolicySnapshot::compile(broken, blocklists::CategoryDb::empty(), wall_now(), warnings);
  if (!snapshot) problems.insert(problems.end(), snapshot.error().begin(), snapshot.error().end());
}

// policy.yaml is read after schoolgate.yaml, whose firewall names its groups. Ports are opened by address, so a group
// without networks gets none.
void check_firewall_groups(const Configuration& configuration, Problems& problems) {
  std::vector<std::string_view> ids;
  for (const rules::GroupSpec& group : configuration.policy.groups) ids.push_back(group.id);
  for (const GroupPorts& open : configuration.settings.firewall.ports) {
    const auto group = std::ranges::find(configuration.policy.groups, open.group, &rules::GroupSpec::id);
    if (group == configuration.policy.groups.end())
      problems.push_back(
          {Problem::Severity::error, open.at, "unknown group '" + open.group + "'", suggest(open.group, ids)});
    else if (group->networks.empty() && !open.ports.empty())
      problems.push_back(
          {Problem::Severity::warning, open.at,
           "no port is opened for '" + open.group + "', which has no network of its own",
           "the firewall knows devices by address; those known by sign-in only get what is closed to all"});
  }
}

// By file in the order read, then by line and column; problems of one place stay in the order found.
void sort_by_place(Problems& problems, const fs::path& folder, const Files& files) {
  std::map<std::string, std::size_t> rank;
  for (const auto& [name, text] : files) rank.emplace((folder / name).string(), rank.size() + 1);
  std::vector<std::tuple<std::size_t, int, int, std::size_t>> order;
  for (const Problem& p : problems) {
    const auto known = rank.find(p.at.file);
    order.emplace_back(known == rank.end() ? 0 : known->second, p.at.line, p.at.column, order.size());
  }
  std::ranges::sort(order);
  Problems sorted;
  for (const auto& [file, line, column, index] : order) sorted.push_back(std::move(problems[index]));
  problems = std::move(sorted);
}

}  // namespace

Loaded load_texts(const fs::path& folder, Files files, Problems problems) {
  Configuration out;
  // What files name is found wherever this is started, so that two spellings of a folder are one configuration.
  std::error_code failed;
  const fs::path base = fs::absolute(folder, failed).lexically_normal();
  bool all_parsed = !has_errors(problems);
  Unread unread;
  for (const Problem& found : problems) unread.add(fs::path(found.at.file).filename().string());
  const auto read = [&](const auto& file) {
    const auto& [name, text] = file;
    const std::string path = (folder / name).string();
    const auto root = parse_yaml(text, path, problems);
    all_parsed = all_parsed && root.has_value();
    if (!root) return unread.add(name);
    Report report(base, path, problems);
    reader_of(name)(*root, report, out);
  };
  // Categories first: the other files name them.
  const auto is_categories = [](const auto& file) { return file.first == "categories.yaml"; };
  for (const auto& file : files)
    if (is_categories(file)) read(file);
  for (const auto& file : files)
    if (!is_categories(file)) read(file);
  if (all_parsed) check_firewall_groups(out, problems);
  if (has_errors(problems)) add_compile_errors(out.policy, problems);
  leave_out_what_is_unread(unread, problems);
  sort_by_place(problems, folder, files);
  if (has_errors(problems)) return {std::nullopt, std::move(problems)};
  out.version = version_of(files);
  out.policy.version = out.version;
  out.files = std::move(files);
  return {std::move(out), std::move(problems)};
}

Loaded load(const fs::path& folder) { return load_copy(folder, folder); }

Loaded load_copy(const fs::path& copy, const fs::path& folder) {
  Files files;
  Problems problems;
  std::error_code failed;
  const std::vector<std::string> names = names_in(copy, failed);
  if (failed)
    return {std::nullopt, {problem(Problem::Severity::error, copy, "cannot read this folder: " + failed.message())}};

  for (const std::string_view name : kFiles) {
    const bool there = std::ranges::binary_search(names, name);
    const bool required = std::ranges::find(kRequired, name) != std::end(kRequired);
    if (there)
      read_one(copy, name, files, problems);
    else if (required)
      problems.push_back(problem(Problem::Severity::error, folder / name, "this file is missing"));
  }
  read_rule_files(copy, files, problems);
  mention_stray_files(names, copy, problems);
  return load_texts(folder, std::move(files), std::move(problems));
}

}  // namespace schoolgate::config
