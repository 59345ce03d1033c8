// Checklists and contacts by theme, as the school edits them.
#include "casework/checklists.h"

#include <algorithm>

#include "console/desk.h"
#include "console/episode_words.h"
#include "console/form_problems.h"
#include "web/text.h"

namespace schoolgate::console {

namespace {

using casework::Checklist;
using casework::Checklists;

bool is_illegal(std::string_view theme) { return theme == "child-abuse" || theme == "terrorism"; }

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = web::trimmed(text.substr(begin, end - begin));
    if (!line.empty()) lines.emplace_back(line);
    begin = end + 1;
  }
  return lines;
}

bool is_known(std::string_view theme) {
  const std::vector<std::string> themes = casework::checklist_themes();
  return std::ranges::find(themes, theme) != themes.end();
}

web::Response checklist_page(const Desk& desk, const Visit& visit, std::string_view problem, int status = 200) {
  const std::string theme(visit.request.param("theme"));
  if (!is_known(theme)) return desk.not_found(visit);
  const Result<Checklist> checklist = Checklists(*visit.stores.desk).find(theme, is_illegal(theme));
  if (!checklist) return desk.failed(visit, checklist.error());
  web::View view;
  std::string steps, contacts;
  for (const std::string& step : checklist->steps) steps += step + "\n";
  for (const casework::Contact& contact : checklist->contacts) contacts += contact.name + ": " + contact.reach + "\n";
  const bool posted = visit.request.method == web::Method::post && visit.request.form.has("steps");
  set_problem(view, visit.request, problem);
  view.set("theme", theme).set("theme_words", theme_words(theme, is_illegal(theme)));
  view.set("steps_text", posted ? std::string(visit.request.form.get("steps")) : steps);
  view.set("contacts_text", posted ? std::string(visit.request.form.get("contacts")) : contacts);
  view.set("edited", checklist->edited_at
                         ? "Edited by " + checklist->edited_by + ", " + desk.when(*checklist->edited_at) + "."
                         : std::string("As it was built in."));
  const Result<bool> stale = desk.set_version(visit, theme, view);
  if (!stale) return desk.failed(visit, stale.error());
  return desk.show(visit, "checklist", std::move(view), *stale ? 409 : status);
}

}  // namespace

void add_checklist_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::privacy, "/checklists", [&desk](const Visit& visit) {
    web::View view;
    for (const std::string& theme : casework::checklist_themes()) {
      view.item("themes").set("value", theme).set("words", theme_words(theme, is_illegal(theme)));
    }
    return desk.show(visit, "checklists", std::move(view));
  });
  desk.get(router, Area::privacy, "/checklists/{theme}",
           [&desk](const Visit& visit) { return checklist_page(desk, visit, ""); });
  desk.post(router, Area::privacy, "/checklists/{theme}", [&desk](const Visit& visit) {
    const std::string theme(visit.request.param("theme"));
    if (!is_known(theme)) return desk.not_found(visit);
    Checklist checklist{.theme = theme,
                        .steps = lines_of(visit.request.form.get("steps")),
                        .contacts = {},
                        .edited_by = {},
                        .edited_at = {}};
    for (const std::string& line : lines_of(visit.request.form.get("contacts"))) {
      const std::size_t colon = line.find(':');
      if (colon == std::string::npos) {
        return checklist_page(desk, visit,
                              "Each contact is a name, a colon and how to reach them: “" + line + "” is not.", 400);
      }
      checklist.contacts.push_back({.name = std::string(web::trimmed(line.substr(0, colon))),
                                    .reach = std::string(web::trimmed(line.substr(colon + 1)))});
    }
    const Result<void> saved =
        Checklists(*visit.stores.desk, seen_version(visit.request.form)).edit(visit.viewer, checklist, visit.now);
    if (!saved)
      return checklist_page(desk, visit, saved.error().text(), saved.error().fault == Fault::client ? 400 : 503);
    return desk.done(visit, "/checklists/" + theme,
                     "The checklist for " + theme_words(theme, is_illegal(theme)) +
                         " is saved: " + std::to_string(checklist.steps.size()) + " steps, " +
                         std::to_string(checklist.contacts.size()) + " contacts.");
  });
  desk.post(router, Area::privacy, "/checklists/{theme}/reset", [&desk](const Visit& visit) {
    const std::string theme(visit.request.param("theme"));
    if (!is_known(theme)) return desk.not_found(visit);
    const Result<void> reset =
        Checklists(*visit.stores.desk, seen_version(visit.request.form)).reset(visit.viewer, theme, visit.now);
    if (!reset) return checklist_page(desk, visit, reset.error().text(), 400);
    return desk.done(visit, "/checklists/" + theme,
                     "The checklist for " + theme_words(theme, is_illegal(theme)) + " is as it was built in.");
  });
}

}  // namespace schoolgate::console
