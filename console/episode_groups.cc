#include "console/episode_groups.h"

#include <algorithm>
#include <map>
#include <set>

namespace schoolgate::console {

namespace {

using casework::EpisodeRow;

std::string who_of(const EpisodeRow& row) { return row.person.empty() ? "device " + row.device : row.person; }

std::string burst_of(const EpisodeRow& row) {
  return row.theme + '\n' + (row.site_names.empty() ? std::string() : row.site_names.front());
}

void sum_up(EpisodeGroup& group) {
  std::set<std::string> who;
  group.first = group.rows.front().first;
  for (const EpisodeRow& row : group.rows) {
    who.insert(who_of(row));
    group.last = std::max(group.last, row.last);
    group.attempts += row.attempts;
  }
  group.people = who.size();
}

/// `key` names the group; `goes_on` says whether a row still belongs to the open one of that name.
template <class Key, class GoesOn>
std::vector<EpisodeGroup> grouped(std::vector<EpisodeRow> rows, const Key& key, const GoesOn& goes_on) {
  std::ranges::sort(rows, {}, &EpisodeRow::first);
  std::vector<EpisodeGroup> groups;
  std::map<std::string, std::size_t> open;
  for (EpisodeRow& row : rows) {
    const std::string name = key(row);
    const auto found = open.find(name);
    if (found != open.end() && goes_on(groups[found->second], row)) {
      groups[found->second].rows.push_back(std::move(row));
      continue;
    }
    open.insert_or_assign(name, groups.size());
    groups.emplace_back().rows.push_back(std::move(row));
  }
  for (EpisodeGroup& group : groups) sum_up(group);
  std::ranges::sort(groups, std::ranges::greater(), &EpisodeGroup::last);
  return groups;
}

}  // namespace

std::vector<EpisodeGroup> by_person(std::vector<EpisodeRow> rows) {
  return grouped(std::move(rows), who_of, [](const EpisodeGroup&, const EpisodeRow&) { return true; });
}

std::vector<EpisodeGroup> by_burst(std::vector<EpisodeRow> rows) {
  return grouped(std::move(rows), burst_of, [](const EpisodeGroup& group, const EpisodeRow& row) {
    return row.first - group.rows.back().first <= kBurstGap;
  });
}

}  // namespace schoolgate::console
