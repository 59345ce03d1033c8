#include "console/protection_words.h"

#include <algorithm>

#include "console/episode_words.h"

namespace schoolgate::console {

namespace {

using rules::CategoryProtection;

void add_once(std::vector<std::string>& names, std::string name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

// "Gambling, Hate and 3 more"
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kNamed = 3;
  std::string words;
  for (std::size_t i = 0; i < std::min(names.size(), kNamed); ++i) words += (i > 0 ? ", " : "") + names[i];
  if (names.size() > kNamed) words += " and " + std::to_string(names.size() - kNamed) + " more";
  return words;
}

std::string names_with_age(const Desk& desk, const std::vector<std::string>& names, const std::vector<ListAge>& lists) {
  std::string words;
  for (const std::string& name : names) {
    words += (words.empty() ? "" : ", ") + name;
    const auto list = std::ranges::find(lists, name, &ListAge::name);
    if (list != lists.end() && list->updated) words += " (of " + desk.when(*list->updated) + ")";
  }
  return words;
}

}  // namespace

std::string gap_summary(const Desk& desk, const rules::Protection& protection) {
  std::vector<std::string> categories, groups;
  for (const CategoryProtection& row : protection.rows) {
    if (!rules::is_gap(row)) continue;
    add_once(categories, theme_words(row.category));
    add_once(groups, desk.group_words(row.group));
  }
  if (categories.empty()) return {};
  return "Not protected as the policy says: " + some_of(categories) + ". Groups: " + some_of(groups) + ".";
}

std::string why_words(const Desk& desk, const CategoryProtection& row, const std::vector<ListAge>& lists) {
  if (row.lists.empty()) return "No list, rule or search term names it.";
  std::string words;
  if (!row.not_ready.empty()) words = "Not there: " + names_with_age(desk, row.not_ready, lists) + ".";
  if (!row.stale.empty())
    words += (words.empty() ? "" : " ") + ("Too old: " + names_with_age(desk, row.stale, lists)) + ".";
  return words;
}

void set_protection(const Desk& desk, const std::vector<ListAge>& lists, web::View& view) {
  view.list("gaps").list("known_gaps");
  const auto protection = desk.protection();
  view.set("protection_told", protection != nullptr);
  std::size_t whole = 0, gaps = 0, known = 0;
  for (const CategoryProtection& row : protection ? protection->rows : std::vector<CategoryProtection>()) {
    if (row.state == rules::ProtectionState::protected_) {
      ++whole;
      continue;
    }
    const bool gap = rules::is_gap(row);
    ++(gap ? gaps : known);
    view.item(gap ? "gaps" : "known_gaps")
        .set("group", desk.group_words(row.group))
        .set("category", theme_words(row.category))
        .set("state", rules::to_string(row.state))
        .set("why", gap ? why_words(desk, row, lists) : row.known_gap);
  }
  view.set("gaps_any", gaps > 0).set("known_gaps_any", known > 0);
  view.set("protected_count", whole).set("protection_count", whole + gaps + known);
}

}  // namespace schoolgate::console
