// What each group may reach: one grid of categories and groups, and the times at which it is otherwise, as a week.
#include <algorithm>
#include <array>
#include <cstdio>

#include "console/filter_pages.h"

namespace schoolgate::console {

namespace {

std::optional<rules::Action> action_in(const rules::GroupSpec& group, const std::string& category) {
  const auto found = std::ranges::find(group.categories, category, &rules::CategoryActionSpec::category);
  return found == group.categories.end() ? std::nullopt : std::optional(found->action);
}

std::string cell_words(const std::optional<rules::Action>& action) {
  return action ? std::string(rules::to_string(*action)) : std::string("–");
}

std::string time_words(int minute) {
  char text[16];
  std::snprintf(text, sizeof text, "%02d:%02d", minute / 60 % 25, minute % 60);
  return text;
}

std::string days_words(const std::array<bool, 7>& days) {
  static constexpr std::array kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  std::string words;
  for (std::size_t i = 0; i < kDays.size(); ++i)
    if (days[i]) words += (words.empty() ? "" : ", ") + std::string(kDays[i]);
  return words;
}

std::string schedule_words(const rules::ScheduleSpec& schedule) {
  std::string words;
  for (const rules::CategoryActionSpec& one : schedule.categories)
    words += (words.empty() ? "" : ", ") + one.category + " " + std::string(rules::to_string(one.action));
  if (schedule.unlisted)
    words += (words.empty() ? "" : ", ") + ("unlisted " + std::string(rules::to_string(*schedule.unlisted)));
  return words;
}

void set_week(web::View& view, const rules::GroupSpec& group, bool may_propose) {
  for (std::size_t i = 0; i < group.schedules.size(); ++i) {
    const rules::ScheduleSpec& schedule = group.schedules[i];
    view.item("schedules")
        .set("group", group.title)
        .set("days", days_words(schedule.days))
        .set("times", time_words(schedule.from_minute) + "–" + time_words(schedule.to_minute))
        .set("words", schedule_words(schedule))
        .set_if("remove_path",
                may_propose
                    ? propose_path({{"edit", "remove-schedule"}, {"group", group.id}, {"index", std::to_string(i)}})
                    : "");
  }
  for (const rules::AllowanceSpec& one : group.allowances)
    view.item("allowances")
        .set("words", group.title + ": " + std::to_string(one.minutes) + " minutes of " + one.category + " a day");
}

web::Response groups_page(const Desk& desk, const Visit& visit) {
  if (!desk.hooks().spec) return no_changes(desk, visit);
  const rules::PolicySpec spec = desk.hooks().spec();
  web::View view;
  set_filter_frame(desk, view, "/filter/groups");
  const bool may_propose = visit.may_change && desk.parts().changes != nullptr;
  view.set("may_propose", may_propose).list("rows").list("schedules").list("allowances");
  for (const rules::GroupSpec& group : spec.groups) view.item("columns").set("title", group.title);
  for (const rules::Category& category : spec.categories.all()) {
    if (category.illegal || category.support) continue;
    web::View& row = view.item("rows");
    row.set("title", category.title);
    for (const rules::GroupSpec& group : spec.groups)
      row.item("cells")
          .set("words", cell_words(action_in(group, category.id)))
          .set("about", category.title + " for " + group.title)
          .set_if("path", may_propose ? "/filter/groups/cell?" +
                                            web::encode_query({{"group", group.id}, {"category", category.id}})
                                      : "");
  }
  for (const rules::GroupSpec& group : spec.groups) {
    view.item("unlisted").set("words", group.title + ": " + std::string(rules::to_string(group.unlisted)));
    set_week(view, group, may_propose);
  }
  return desk.show(visit, "groups", std::move(view));
}

web::Response cell_page(const Desk& desk, const Visit& visit) {
  if (!desk.hooks().spec || !visit.may_change) return no_changes(desk, visit);
  const rules::PolicySpec spec = desk.hooks().spec();
  const auto group = std::ranges::find(spec.groups, visit.request.query.get("group"), &rules::GroupSpec::id);
  const rules::CategoryId id = spec.categories.find(visit.request.query.get("category"));
  if (group == spec.groups.end() || id == rules::kNoCategory) return desk.not_found(visit);
  const rules::Category& category = spec.categories[id];
  web::View view;
  set_filter_frame(desk, view, "");
  view.set("heading", category.title + " for " + group->title);
  view.set("now", cell_words(action_in(*group, category.id)));
  for (const auto& [action, words] : {std::pair{"allow", "Allow"},
                                      {"monitor", "Allow and record"},
                                      {"warn", "Warn first"},
                                      {"block", "Block"},
                                      {"none", "Say nothing about it"}}) {
    view.item("actions")
        .set("words", words)
        .set("path",
             propose_path({{"edit", "category"}, {"group", group->id}, {"category", category.id}, {"action", action}}));
    if (action != std::string_view("none"))
      view.item("timed")
          .set("words", words)
          .set("path", propose_path({{"edit", "add-schedule"},
                                     {"group", group->id},
                                     {"category", category.id},
                                     {"action", action},
                                     {"days", "mon"},
                                     {"days", "tue"},
                                     {"days", "wed"},
                                     {"days", "thu"},
                                     {"days", "fri"},
                                     {"from", "12:00"},
                                     {"to", "13:00"}}));
  }
  return desk.show(visit, "group_cell", std::move(view));
}

}  // namespace

void add_group_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::policy, "/filter/groups", [&desk](const Visit& visit) { return groups_page(desk, visit); });
  desk.get(router, Area::policy, "/filter/groups/cell", [&desk](const Visit& visit) { return cell_page(desk, visit); });
}

}  // namespace schoolgate::console
