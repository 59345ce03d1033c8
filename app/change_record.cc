#include "app/change_record.h"

#include <map>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "changes/change_work.h"
#include "config/change_rules.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVersionFile = ".version";

// Relative name -> text, as it was last accepted. A file that cannot be read counts as absent: the audit then shows it
// as new, which is more than nothing.
std::map<std::string, std::string> accepted_files(const fs::path& folder) {
  std::map<std::string, std::string> files;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(folder, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    if (auto text = read_file(entry->path()))
      files[entry->path().lexically_relative(folder).string()] = std::move(*text);
  }
  return files;
}

Result<void> keep_accepted(const fs::path& folder, const config::Configuration& now,
                           const std::map<std::string, std::string>& before) {
  if (auto made = make_private_folder(folder); !made) return made;
  std::map<std::string, std::string> wanted(now.files.begin(), now.files.end());
  wanted[std::string(kVersionFile)] = now.version;
  for (const auto& [name, text] : wanted) {
    const auto old = before.find(name);
    if (old != before.end() && old->second == text) continue;
    if (auto made = make_private_folder((folder / name).parent_path()); !made) return made;
    if (auto written = replace_file(folder / name, text); !written) return written;
  }
  std::error_code error;
  for (const auto& [name, text] : before)
    if (!wanted.contains(name)) fs::remove(folder / name, error);
  return {};
}

}  // namespace

Result<void> record_change(breaches::AuditLog& audit, const fs::path& state, const config::Configuration& now,
                           std::string_view what, const breaches::MachineUser& user, Acceptance acceptance) {
  const fs::path folder = state / "accepted";
  const auto before = accepted_files(folder);
  const auto old_version = before.find(std::string(kVersionFile));
  if (old_version != before.end() && old_version->second == now.version) return {};

  breaches::AuditChange change{.time = wall_now(),
                               .user = user,
                               .what = std::string(what),
                               .old_version = old_version == before.end() ? "" : old_version->second,
                               .new_version = now.version,
                               .files = {}};
  if (auto commit = changes::commit_of(state / "changes", changes::texts_of(now)); !commit)
    log::warning("the history of changes cannot be read", {{"why", commit.error().text()}});
  else
    change.commit = commit->value_or("");
  for (const auto& [name, text] : now.files) {
    const auto old = before.find(name);
    change.files.push_back({name, old == before.end() ? "" : old->second, text});
  }
  const std::map<std::string, std::string> current(now.files.begin(), now.files.end());
  for (const auto& [name, text] : before)
    if (name != kVersionFile && !current.contains(name)) change.files.push_back({name, text, ""});
  if (auto recorded = audit.record_change(change); !recorded) return std::unexpected(std::move(recorded.error()));
  if (acceptance != Acceptance::accepted) return {};
  if (config::change_rules_of(now).refuse_by_hand)
    if (auto begun = changes::begin_history(state / "changes", changes::texts_of(now), change.time); !begun)
      log::warning("changes by hand cannot be told", {{"why", begun.error().text()}});
  return keep_accepted(folder, now, before);
}

}  // namespace schoolgate::app
