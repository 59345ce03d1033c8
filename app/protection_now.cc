#include "app/protection_now.h"

#include <algorithm>
#include <map>

#include "app/list_keeping.h"
#include "base/ascii.h"
#include "base/file.h"
#include "base/log.h"

namespace schoolgate::app {
namespace {

using rules::CategoryProtection;
using rules::ListStanding;
using rules::ProtectionState;

std::string what_is_wrong(const CategoryProtection& row) {
  if (row.lists.empty()) return "no list, rule or search term names it";
  std::string text;
  if (!row.not_ready.empty()) text = "not there: " + joined(row.not_ready);
  if (!row.stale.empty()) text += (text.empty() ? "" : "; ") + ("too old: " + joined(row.stale));
  return text;
}

// Accepted once, and neither in force nor kept: nobody went back to an image without it, for then its file is there. Of
// a local list its source is the content.
bool is_lost(const config::ListConfig& list, const ListStanding& standing, const SourceStates& states, bool is_kept) {
  const auto known = states.find(list.name);
  const bool was_accepted = known != states.end() && known->second.fetched != TimePoint{};
  return list.remote && was_accepted && standing.state == ListStanding::State::missing && !is_kept;
}

}  // namespace

rules::Protection protection_now(const config::Configuration& configuration, const rules::PolicySnapshot& policy,
                                 TimePoint now, ListsKnown known) {
  SourceStates states;
  const auto store = blocklists::ListStore::open_to_read(configuration.settings.state);
  if (store) states = store->source_states();
  auto lists = standings(configuration.lists, policy.lists().lists(), states, now);
  for (std::size_t i = 0; i < lists.size(); ++i) {
    ListStanding& list = lists[i];
    std::error_code error;
    const bool is_kept = store && std::filesystem::exists(store->source(list.name), error);
    if (known == ListsKnown::unreadable || is_lost(configuration.lists[i], list, states, is_kept)) {
      list.state = ListStanding::State::never;
      continue;
    }
    // A local list that was accepted once is kept.
    if (list.state == ListStanding::State::never && is_kept) list.state = ListStanding::State::missing;
    list.may_be_missing |= configuration.settings.first_start == config::FirstStart::serve;
  }
  return rules::protection_of(policy, lists, configuration.settings.known_gaps, now);
}

std::vector<std::string> gaps_in_words(const rules::Protection& protection) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::string>> groups;
  for (const CategoryProtection& row : protection.rows) {
    if (!rules::is_gap(row)) continue;
    const std::string text =
        row.category + " is " + std::string(to_string(row.state)) + " (" + what_is_wrong(row) + ")";
    auto& of_text = groups[text];
    if (of_text.empty()) order.push_back(text);
    of_text.push_back(row.group);
  }
  std::vector<std::string> lines;
  for (const std::string& text : order) lines.push_back(text + ": " + joined(groups[text]));
  return lines;
}

ProtectionWatch::ProtectionWatch(std::filesystem::path file) : file_(std::move(file)) {
  const auto text = read_file(file_);
  if (!text) return;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (const std::size_t tab = line.find('\t'); tab != line.npos)
      protected_.emplace(line.substr(0, tab), line.substr(tab + 1));
  }
}

std::vector<CategoryProtection> ProtectionWatch::lost(const rules::Protection& now) {
  std::vector<CategoryProtection> lost;
  std::set<Row> protected_now;
  for (const CategoryProtection& row : now.rows) {
    if (row.state == ProtectionState::protected_)
      protected_now.emplace(row.group, row.category);
    else if (protected_.contains({row.group, row.category}))
      lost.push_back(row);
  }
  if (protected_now == protected_) return lost;
  protected_ = std::move(protected_now);
  std::string text;
  for (const auto& [group, category] : protected_) text += group + '\t' + category + '\n';
  if (auto written = replace_file(file_, text); !written)
    log::warning("what is protected cannot be kept", {{"why", written.error().text()}});
  return lost;
}

}  // namespace schoolgate::app
