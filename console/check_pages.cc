// Checks that the filter works, what it cannot see, and the inspection pack.
#include "casework/checks_log.h"
#include "casework/shown_text.h"
#include "console/days.h"
#include "console/desk.h"
#include "console/documents.h"
#include "console/ends_words.h"
#include "console/form_problems.h"
#include "console/inspection.h"
#include "console/protection_words.h"

namespace schoolgate::console {

namespace {

using casework::CheckRun;
using casework::ChecksLog;

constexpr int kYear = 365;

web::Response checks_page(const Desk& desk, const Visit& visit, std::string_view problem, int status = 200) {
  ChecksLog log(*visit.stores.desk);
  const Result<std::vector<ChecksLog::Cell>> matrix = log.matrix();
  if (!matrix) return desk.failed(visit, matrix.error());
  const Result<std::vector<CheckRun>> runs =
      log.list(visit.now - std::chrono::days(kYear), visit.now + std::chrono::days(1));
  if (!runs) return desk.failed(visit, runs.error());
  web::View view;
  set_problem(view, visit.request, problem);
  view.list("matrix").list("runs");
  for (const ChecksLog::Cell& cell : *matrix) {
    view.item("matrix")
        .set("group", desk.group_words(cell.group))
        .set("mode", cell.mode)
        .set("good", cell.good)
        .set("total", cell.total)
        .set("all_good", cell.good == cell.total)
        .set("at", desk.when(cell.at));
  }
  for (const CheckRun& run : *runs) {
    view.item("runs")
        .set("id", run.id)
        .set("at", desk.when(run.at))
        .set("by", run.by)
        .set("kind", run.kind)
        .set("good", run.good)
        .set("total", run.total)
        .set("action", run.action);
  }
  view.list("groups_known");
  for (const GroupFact& group : desk.policy()->groups)
    view.item("groups_known").set("value", group.id).set("words", group.title.empty() ? group.id : group.title);
  view.set("matrix_any", !matrix->empty()).set("runs_any", !runs->empty());
  if (const SelfTest test = desk.hooks().self_test ? desk.hooks().self_test() : SelfTest(); !test.by.empty()) {
    view.set("running", test.running).set_if("failure", test.failure);
    view.set("test_by", test.by).set("test_at", desk.when(test.at));
  }
  view.set("can_run", static_cast<bool>(desk.hooks().run_self_test));
  set_typed(view, visit.request.form);
  return desk.show(visit, "checks", std::move(view), status);
}

web::Response check_page(const Desk& desk, const Visit& visit) {
  const Result<std::optional<CheckRun>> run = ChecksLog(*visit.stores.desk).find(visit.request.param("id"));
  if (!run) return desk.failed(visit, run.error());
  if (!*run) return desk.not_found(visit);
  web::View view;
  view.set("id", (*run)->id).set("at", desk.when((*run)->at)).set("by", (*run)->by).set("kind", (*run)->kind);
  view.set("good", (*run)->good).set("total", (*run)->total).set("action", (*run)->action);
  view.set_if("devices", (*run)->devices).list("results");
  for (const casework::CheckResult& result : (*run)->results) {
    view.item("results")
        .set("group", desk.group_words(result.group))
        .set("mode", result.mode)
        .set("what", result.what)
        .set("expected", result.expected)
        .set("found", result.found)
        .set("good_one", result.as_expected);
  }
  view.list("actions").set("actions_any", !(*run)->actions.empty());
  for (const casework::Entry& entry : (*run)->actions)
    view.item("actions").set("author", entry.by + ", " + desk.when(entry.at)).set("text", entry.text);
  return desk.show(visit, "check", std::move(view));
}

web::Response record_by_hand(const Desk& desk, const Visit& visit) {
  const web::Form& form = visit.request.form;
  CheckRun run{.id = {},
               .at = visit.now,
               .by = visit.viewer.user,
               .kind = "by hand",
               .devices = std::string(form.get("devices")),
               .results = {},
               .action = std::string(form.get("action"))};
  const bool expected = form.get("expected") == "allow", found = form.get("found") == "allow";
  run.results.push_back({.group = std::string(form.get("group")),
                         .mode = "by hand",
                         .what = std::string(form.get("what")),
                         .expected = expected ? "allow" : "block",
                         .found = found ? "allow" : "block",
                         .as_expected = expected == found});
  if (form.get("what").empty()) return checks_page(desk, visit, "Name the address or page.", 400);
  const Result<std::string> id = ChecksLog(*visit.stores.desk).record(run, visit.now);
  if (!id) return checks_page(desk, visit, id.error().text(), id.error().fault == Fault::client ? 400 : 503);
  return desk.done(visit, "/checks",
                   "One check by hand is recorded for " + desk.group_words(run.results.front().group) + ": expected " +
                       run.results.front().expected + ", found " + run.results.front().found + ".");
}

web::Response limits_page(const Desk& desk, const Visit& visit) {
  web::View view;
  view.list("limits").list("lists");
  const auto limits = desk.hooks().what_cannot_be_seen ? desk.hooks().what_cannot_be_seen() : std::vector<Limit>();
  for (const Limit& limit : limits) {
    view.item("limits").set("what", limit.what).set("because", limit.because).set_if("instead", limit.instead);
  }
  const auto lists = desk.hooks().list_ages ? desk.hooks().list_ages() : std::vector<ListAge>();
  for (const ListAge& list : lists) {
    view.item("lists")
        .set("name", list.name)
        .set("category", list.category)
        .set("entries", list.entries)
        .set("updated", list.updated ? desk.when(*list.updated) : std::string("never"))
        .set("state", list.state);
  }
  view.set("limits_any", !limits.empty()).set("lists_any", !lists.empty());
  set_protection(desk, lists, view);
  set_ends(*desk.near_ends(), view);
  return desk.show(visit, "limits", std::move(view));
}

void add_inspection_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::checks, "/checks/inspection", [&desk](const Visit& visit) {
    const casework::DayRange range = range_of(desk, visit.request.query, visit.now, kYear);
    const std::string query = "?" + web::encode_query({{"from", day_text(range.from)}, {"to", day_text(range.to)}});
    web::View view;
    view.set("range_path", "/checks/inspection").set("range_from", day_text(range.from));
    view.set("range_to", day_text(range.to));
    view.set("range_words", day_words(range.from) + " to " + day_words(range.to));
    view.set("pdf_path", "/checks/inspection.pdf" + query).set("text_path", "/checks/inspection.txt" + query);
    view.set("json_path", "/checks/inspection.json" + query);
    return desk.show(visit, "inspection", std::move(view));
  });
  enum class Form { pdf, text, json };
  const auto add = [&](std::string pattern, Form form) {
    desk.get(router, Area::checks, std::move(pattern), [&desk, form](const Visit& visit) {
      const casework::DayRange range = range_of(desk, visit.request.query, visit.now, kYear);
      auto pack = visit.stores.reports->inspection_pack(inspection_facts(desk), range, visit.now);
      if (!pack) return desk.failed(visit, pack.error());
      desk.name_groups(pack->numbers.trends.groups);
      const std::string name = "inspection-" + day_text(range.to);
      if (form == Form::text) return web::attachment("text/plain; charset=utf-8", to_text(*pack), name + ".txt");
      if (form == Form::json) return web::attachment("application/json", to_json(*pack), name + ".json");
      Result<std::string> pdf = inspection_pdf(*pack, desk.clock(), visit.now);
      if (!pdf) return desk.failed(visit, pdf.error());
      return web::attachment("application/pdf", std::move(*pdf), name + ".pdf");
    });
  };
  add("/checks/inspection.pdf", Form::pdf);
  add("/checks/inspection.txt", Form::text);
  add("/checks/inspection.json", Form::json);
}

}  // namespace

void add_check_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::checks, "/checks", [&desk](const Visit& visit) { return checks_page(desk, visit, ""); });
  desk.get(router, Area::checks, "/checks/limits", [&desk](const Visit& visit) { return limits_page(desk, visit); });
  add_inspection_pages(desk, router);
  desk.post(router, Area::checks, "/checks", [&desk](const Visit& visit) { return record_by_hand(desk, visit); });
  desk.post(router, Area::checks, "/checks/run", [&desk](const Visit& visit) {
    if (!desk.hooks().run_self_test) return desk.not_found(visit);
    const Result<void> run = desk.hooks().run_self_test(visit.viewer.user);
    if (!run) return checks_page(desk, visit, run.error().text(), run.error().fault == Fault::client ? 409 : 503);
    return desk.done(visit, "/checks",
                     "The filter is being tried. The results will stand in the log below in a minute or less.");
  });
  desk.get(router, Area::checks, "/checks/{id}", [&desk](const Visit& visit) { return check_page(desk, visit); });
  desk.post(router, Area::checks, "/checks/{id}/action", [&desk](const Visit& visit) {
    const std::string id(visit.request.param("id"));
    const Result<void> set =
        ChecksLog(*visit.stores.desk).set_action(visit.viewer, id, visit.request.form.get("action"), visit.now);
    if (!set) return desk.failed(visit, set.error());
    return desk.done(visit, "/checks/" + id, "What was done about this check is saved.");
  });
}

}  // namespace schoolgate::console
