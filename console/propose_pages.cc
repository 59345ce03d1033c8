// The page on which a change is looked at before it is proposed: what it would mean, whose consent it needs, what holds
// now. The same page for every kind of change; it proposes with one press.
#include <algorithm>
#include <array>

#include "casework/page_reports.h"
#include "casework/shown_text.h"
#include "console/change_draft.h"
#include "console/days.h"
#include "console/filter_pages.h"
#include "console/form_problems.h"
#include "rules/site_time.h"

namespace schoolgate::console {

namespace {

using changes::ChangeControl;

/// Fields that the page keeps and nobody edits there.
constexpr std::array<std::string_view, 11> kKept{"edit", "rule", "group", "category", "action",   "index",
                                                 "list", "on",   "file",  "report",   "from_page"};

/// Of a reported page; what is none is left out.
std::string reference_in(const web::Form& form) {
  const std::string_view text = form.get("report");
  const bool is_one = text.size() <= 40 && std::ranges::all_of(text, [](char c) {
                        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '-';
                      });
  return is_one ? std::string(text) : std::string();
}

void set_rule_fields(web::View& view, const web::Form& form, const rules::PolicySpec& spec) {
  const auto chosen_groups = form.all("groups");
  const auto is_chosen = [&](std::string_view group) {
    return std::ranges::find(chosen_groups, group) != chosen_groups.end();
  };
  for (const auto& [value, words] :
       {std::pair{"block", "Block"}, {"allow", "Allow"}, {"terms", "Take a search as a category"}})
    view.item("effects").set("value", value).set("words", words).set("chosen", form.get("effect") == value);
  for (const auto& [value, words] : {std::pair{"address", "A site, or an address with a path"},
                                     {"term", "Words that are searched for"},
                                     {"pattern", "A pattern (RE2)"}})
    view.item("kinds").set("value", value).set("words", words).set("chosen", form.get("kind") == value);
  for (const rules::Category& category : spec.categories.all())
    if (!category.illegal && !category.support)
      view.item("categories")
          .set("value", category.id)
          .set("words", category.title)
          .set("chosen", form.get("category") == category.id);
  for (const rules::GroupSpec& group : spec.groups)
    view.item("groups").set("value", group.id).set("words", group.title).set("chosen", is_chosen(group.id));
  view.set("rule_text", form.get("text")).set("until", form.get("until"));
}

void set_schedule_fields(web::View& view, const web::Form& form) {
  constexpr std::pair<const char*, const char*> kDays[] = {
      {"mon", "Monday"}, {"tue", "Tuesday"},  {"wed", "Wednesday"}, {"thu", "Thursday"},
      {"fri", "Friday"}, {"sat", "Saturday"}, {"sun", "Sunday"}};
  const auto chosen = form.all("days");
  for (const auto& [value, words] : kDays)
    view.item("days")
        .set("value", value)
        .set("words", words)
        .set("chosen", std::ranges::find(chosen, std::string_view(value)) != chosen.end());
  view.set("from", form.get("from")).set("to", form.get("to"));
}

struct Looked {
  std::optional<ChangeControl::Wish> wish;
  std::string problem;
};

Looked wish_of(const Desk& desk, const Visit& visit, const web::Form& form, Edit edit) {
  const auto fail_with = [](const Error& error) { return Looked{std::nullopt, error.text()}; };
  if (const auto until = read_day(form.get("until")); until && *until < local_day(desk, visit.now))
    return Looked{std::nullopt, "until: " + day_words(*until) + " is over"};
  const auto now = desk.parts().changes->files();
  if (!now) return fail_with(now.error());
  auto files = draft_of(edit, form, *now, desk.hooks().spec());
  if (!files) return fail_with(files.error());
  ChangeControl::Wish wish{.files = std::move(*files), .by = actor_of(visit)};
  for (const auto& [field, into] : {std::pair{"reason", &wish.reason}, {"risk", &wish.risk_assessment}}) {
    auto text = casework::typed_text(field, form.get(field), changes::kLongestText);
    if (!text) return fail_with(text.error());
    *into = std::move(*text);
  }
  if (const std::string_view review = form.get("review"); !review.empty()) {
    const auto day = read_day(review);
    if (!day) return Looked{std::nullopt, "review: not a date, such as 2026-12-18"};
    wish.review = std::chrono::year_month_day(*day);
  }
  return Looked{std::move(wish), {}};
}

web::Response propose_page(const Desk& desk, const Visit& visit, const web::Form& form, std::string problem,
                           int status = 200) {
  const auto edit = edit_from(form.get("edit"));
  if (!edit) return desk.not_found(visit);
  const rules::PolicySpec spec = desk.hooks().spec();
  web::View view;
  set_filter_frame(desk, view, "");
  view.set("heading", draft_words(*edit, form, spec));
  view.list("effects").list("kinds").list("categories").list("groups").list("days").list("kept");
  view.set("is_rule", *edit == Edit::add_rule).set("is_schedule", *edit == Edit::add_schedule);
  view.set("is_end", *edit == Edit::end_rule).set("is_text", *edit == Edit::text);
  view.set("until", form.get("until")).set("text", form.get("text"));
  for (const std::string_view name : kKept)
    if (form.has(name) && !(*edit == Edit::add_rule && name == "category"))
      view.item("kept").set("name", name).set("value", form.get(name));
  if (*edit == Edit::add_rule) set_rule_fields(view, form, spec);
  if (*edit == Edit::add_schedule) set_schedule_fields(view, form);
  view.set("reason", form.get("reason")).set("risk", form.get("risk")).set("review", form.get("review"));
  view.set("at", form.get("at"));

  // A form that nobody has filled in yet has no mistakes.
  const bool is_empty = *edit == Edit::add_rule && form.get("text").empty() && problem.empty();
  Looked looked = is_empty ? Looked{} : wish_of(desk, visit, form, *edit);
  if (problem.empty()) problem = looked.problem;
  view.set("looked", false).set("parts_any", false).set("missing_any", false).set("clashes_any", false);
  view.list("parts")
      .list("missing")
      .list("clashes")
      .set_if("note", "")
      .set("is_merged", false)
      .set_if("difference", "");
  if (looked.wish) {
    const auto tried = desk.parts().changes->try_out(*looked.wish);
    if (tried) {
      view.set("looked", true);
      set_standing(view, tried->standing);
    } else if (problem.empty()) {
      problem = refusal_words(tried.error());
    }
  }
  if (!problem.empty() && status == 200 && visit.request.method == web::Method::post) status = 400;
  set_problem(view, visit.request, problem);
  return desk.show(visit, "propose", std::move(view), status);
}

/// Whoever reported the page hears that it is in hand.
void tell_reporter(const Visit& visit, const std::string& reference) {
  casework::PageReports reports(*visit.stores.desk);
  const auto report = reports.find(visit.viewer, reference);
  if (!report || !*report || (**report).state != casework::PageReport::State::fresh) return;
  // Without an answer nothing is lost: the one who reported reads "being looked at".
  (void)reports.handle(visit.viewer, (**report).id, casework::PageReport::State::in_hand, "", visit.now);
}

web::Response propose(const Desk& desk, const Visit& visit) {
  const web::Form& form = visit.request.form;
  const auto edit = edit_from(form.get("edit"));
  if (!edit) return desk.not_found(visit);
  if (form.get("do") == "check") return propose_page(desk, visit, form, "");
  ChangeControl& control = *desk.parts().changes;
  Looked looked = wish_of(desk, visit, form, *edit);
  if (!looked.wish) return propose_page(desk, visit, form, looked.problem, 400);
  if (looked.wish->reason.empty()) return propose_page(desk, visit, form, "reason: say why", 400);
  std::optional<TimePoint> at;
  if (const std::string_view typed = form.get("at"); !typed.empty()) {
    if (desk.parts().clock != nullptr) at = rules::read_site_end(*desk.parts().clock, typed, visit.now);
    if (!at) return propose_page(desk, visit, form, "when: not a time, such as 12:30 or 2026-12-18 12:30", 400);
    if (*at < visit.now) return propose_page(desk, visit, form, "when: that time is over", 400);
  }
  looked.wish->answers = reference_in(form);
  const auto proposed = control.propose(*looked.wish);
  if (!proposed) return propose_page(desk, visit, form, refusal_words(proposed.error()), 400);
  if (auto asked = control.ask(proposed->number, actor_of(visit), at); !asked) return desk.failed(visit, asked.error());
  if (!looked.wish->answers.empty()) tell_reporter(visit, looked.wish->answers);
  return desk.done(visit, "/filter/changes/" + std::to_string(proposed->number),
                   follow_up(desk, visit, proposed->number));
}

}  // namespace

void add_propose_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::policy, "/filter/propose", [&desk](const Visit& visit) {
    if (desk.parts().changes == nullptr || !desk.hooks().spec) return no_changes(desk, visit);
    if (!visit.may_change) return desk.error_page(visit.request, 403, "Your role may look at this, but not change it.");
    return propose_page(desk, visit, visit.request.query, "");
  });
  desk.post(router, Area::policy, "/filter/propose", [&desk](const Visit& visit) {
    if (desk.parts().changes == nullptr || !desk.hooks().spec) return no_changes(desk, visit);
    return propose(desk, visit);
  });
}

}  // namespace schoolgate::console
