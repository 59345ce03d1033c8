// Pages that people report: the form that needs no account, and the queue that technician and safeguarding lead answer.
#include "casework/page_reports.h"

#include <algorithm>
#include <memory>

#include "breaches/find_reference.h"
#include "casework/shown_text.h"
#include "console/desk.h"
#include "console/episode_words.h"
#include "console/filter_pages.h"
#include "console/form_problems.h"

namespace schoolgate::console {

namespace {

using casework::PageReport;
using casework::PageReports;

std::string_view kind_words(PageReport::Kind kind) {
  return kind == PageReport::Kind::wrongly_blocked ? "Said to be blocked wrongly" : "Said to be unsuitable";
}

std::string_view state_words(PageReport::State state) {
  switch (state) {
    case PageReport::State::fresh: return "New";
    case PageReport::State::in_hand: return "Being looked at";
    case PageReport::State::changed: return "Changed, as the answer says";
    case PageReport::State::declined: return "Stays as it is";
    case PageReport::State::passed_to_dsl: return "Passed to the safeguarding lead";
  }
  return {};
}

std::string shown_address(const std::string& address) {
  return address.find("://") == std::string::npos ? casework::defang_url("http://" + address)
                                                  : casework::defang_url(address);
}

constexpr std::size_t kLongestAddress = 2000, kLongestReference = 40;

// What a link may put into the form: the block page names the page and its reference. No more: nobody's words are
// written for them, and what does not look like a reference is none.
void set_linked(web::View& view, const web::Form& query) {
  web::View& typed = view.object("typed");
  if (const auto address = query.text("address", kLongestAddress)) typed.set("address", *address);
  const std::string_view reference = query.get("reference");
  const bool is_reference = reference.size() <= kLongestReference && std::ranges::all_of(reference, [](char c) {
                              return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '-';
                            });
  if (is_reference) typed.set("reference", reference);
}

web::Response report_form(const Desk& desk, const web::Request& request, std::string_view problem, int status = 200) {
  web::View view;
  set_problem(view, request, problem);
  const bool posted = request.method == web::Method::post;
  view.set("unsuitable", (posted ? request.form : request.query).get("kind") == "unsuitable");
  posted ? set_typed(view, request.form) : set_linked(view, request.query);
  return desk.show_open(request, "report", std::move(view), status);
}

web::Response submit(const Desk& desk, StorePool& pool, const web::Request& request) {
  const web::Form& form = request.form;
  PageReport report;
  report.kind = casework::report_kind_from(form.get("kind")).value_or(PageReport::Kind::wrongly_blocked);
  report.address = form.get("address");
  report.breach_reference = form.get("reference");
  report.said = form.get("said");
  report.name = form.get("name");
  report.device = request.peer.text();
  if (desk.parts().sessions) {
    if (const auto presence = desk.parts().sessions->find(request.peer); presence && presence->person) {
      report.person = presence->person->user;
    }
  }
  Result<StorePool::Lease> stores = pool.lease();
  if (!stores) return desk.error_page(request, 503, "Reports cannot be taken at the moment. Tell an adult.");
  const bool sealed = desk.hooks().is_sealed && desk.hooks().is_sealed(report.address);
  PageReports reports(*(**stores).desk);
  const Result<std::string> reference = reports.submit(report, sealed, desk.now());
  if (!reference) {
    return report_form(desk, request, reference.error().text(), reference.error().fault == Fault::client ? 400 : 503);
  }
  web::View view;
  view.set("reference", *reference);
  return desk.show_open(request, "report_sent", std::move(view));
}

// To the reporter a report that was passed on is one that is being looked at.
std::string_view state_for_reporter(PageReport::State state) {
  switch (state) {
    case PageReport::State::fresh: return "The school has it and has not looked at it yet.";
    case PageReport::State::in_hand:
    case PageReport::State::passed_to_dsl: return "It is being looked at.";
    case PageReport::State::changed: return "It was changed.";
    case PageReport::State::declined: return "It stays as it is.";
  }
  return {};
}

web::Response answer_page(const Desk& desk, StorePool& pool, const web::Request& request) {
  web::View view;
  const std::string typed = request.query.text("reference", kLongestReference).value_or("");
  view.set("typed_reference", typed).set_if("state", "").set_if("problem", "").list("answers");
  if (typed.empty()) return desk.show_open(request, "report_answer", std::move(view));
  Result<StorePool::Lease> stores = pool.lease();
  if (!stores) return desk.error_page(request, 503, "Answers cannot be read at the moment.");
  const auto reference = breaches::read_reference(typed);
  PageReports reports(*(**stores).desk);
  const auto answer = reference ? reports.answer_to(*reference) : Result<std::optional<PageReports::Answer>>();
  if (!answer) return desk.error_page(request, 503, "Answers cannot be read at the moment.");
  if (!*answer) {
    view.set("problem",
             "There is no report with this reference. It is the one that stood on the page after you sent it.");
    return desk.show_open(request, "report_answer", std::move(view), 404);
  }
  view.set("state", state_for_reporter((*answer)->state));
  for (const auto& [time, text] : (*answer)->texts) view.item("answers").set("at", desk.when(time)).set("text", text);
  return desk.show_open(request, "report_answer", std::move(view));
}

/// Two presses: look at the change that it asks for, propose it. What is sealed has no address to be tried.
void set_proposals(const Desk& desk, const Visit& visit, const PageReport& report, web::View& view) {
  const bool there = desk.parts().changes != nullptr && report.address != "sealed";
  view.set_if("try_path", there ? "/filter/try?" + web::encode_query({{"address", report.address}}) : "");
  view.set_if("propose_path", "");
  if (!there || !may_change(visit.session.role, Area::policy)) return;
  const bool opens = report.kind == PageReport::Kind::wrongly_blocked;
  std::vector<std::pair<std::string, std::string>> fields{
      {"edit", "add-rule"},     {"effect", opens ? "allow" : "block"},    {"kind", "address"},
      {"text", report.address}, {"reason", "Report " + report.reference}, {"report", report.reference}};
  if (!report.group.empty()) fields.emplace_back("groups", report.group);
  view.set("propose_path", propose_path(fields))
      .set("propose_words", opens ? "Propose to open it" : "Propose to close it");
}

web::Response report_page(const Desk& desk, const Visit& visit, std::string_view problem, int status = 200) {
  PageReports reports(*visit.stores.desk);
  const Result<std::optional<PageReport>> found = reports.find(visit.viewer, visit.request.param("id"));
  if (!found) return desk.failed(visit, found.error());
  if (!*found) return desk.not_found(visit);
  const PageReport& report = **found;
  web::View view;
  set_problem(view, visit.request, problem);
  view.set("id", report.id).set("reference", report.reference).set("kind", kind_words(report.kind));
  const auto fact = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) view.item("facts").set("name", name).set("value", value);
  };
  fact("Reference", report.reference);
  fact("Page", shown_address(report.address));
  fact("Comment", report.said);
  fact("When", desk.when(report.at));
  fact("Reference on the block page", report.breach_reference);
  fact("Name given", report.name);
  if (visit.sight == Sight::names) fact("Person at the device", desk.person_words(report.person));
  const Result<std::string> reporter = reports.reporter(report.id);
  if (!reporter) return desk.failed(visit, reporter.error());
  if (!reporter->empty()) {
    const Result<void> seen = visit.stores.desk->record_view(visit.viewer, report.id, *reporter, visit.now);
    if (!seen) return desk.failed(visit, seen.error());
  }
  fact("Device", report.device);
  fact("Group", desk.group_words(report.group));
  fact("State", std::string(state_words(report.state)));
  if (report.handled_at) fact("Handled", report.handled_by + ", " + desk.when(*report.handled_at));
  for (const casework::Entry& answer : report.answers) {
    const auto state = casework::report_state_from(answer.choice);
    fact("Answer of " + answer.by + ", " + desk.when(answer.at),
         (state ? std::string(state_words(*state)) : answer.choice) + (answer.text.empty() ? "" : ": " + answer.text));
  }
  for (const PageReport::State state : {PageReport::State::in_hand, PageReport::State::changed,
                                        PageReport::State::declined, PageReport::State::passed_to_dsl}) {
    view.item("states")
        .set("value", casework::to_string(state))
        .set("words", state_words(state))
        .set("chosen", state == report.state);
  }
  set_proposals(desk, visit, report, view);
  set_typed(view, visit.request.form);
  const Result<bool> stale = desk.set_version(visit, report.reference, view);
  if (!stale) return desk.failed(visit, stale.error());
  return desk.show(visit, "page_report", std::move(view), *stale ? 409 : status);
}

}  // namespace

void add_page_report_pages(Desk& desk, web::Router& router) {
  // Besides the bound that the queue itself has: a device that hammers is answered before the disk is touched.
  const auto limit = std::make_shared<web::RateLimit>(5, std::chrono::seconds(60));

  desk.open_get(router, "/report", [&desk](const web::Request& request) { return report_form(desk, request, ""); });
  desk.open_post(router, "/report", [&desk, limit](const web::Request& request) {
    if (const auto wait = limit->take(request.peer.text()); wait.count() > 0) {
      web::Response response =
          report_form(desk, request, "There were many reports from this device. Wait a minute, or tell an adult.", 429);
      response.set("Retry-After", std::to_string(wait.count() / 1000 + 1));
      return response;
    }
    return submit(desk, desk.pool(), request);
  });

  // Nobody finds a reference by trying: it has fifty bits, and a device gets few answers.
  const auto looks = std::make_shared<web::RateLimit>(10, std::chrono::seconds(30));
  desk.open_get(router, "/report/answer", [&desk, looks](const web::Request& request) {
    if (request.query.has("reference") && looks->take(request.peer.text()).count() > 0)
      return desk.error_page(request, 429, "There were many questions from this device. Wait a minute.");
    return answer_page(desk, desk.pool(), request);
  });

  desk.get(router, Area::page_reports, "/page-reports", [&desk](const Visit& visit) {
    casework::PageReportFilter filter;
    filter.only_open = visit.request.query.get("state") != "all";
    filter.limit = 100;
    const auto reports = PageReports(*visit.stores.desk).list(visit.viewer, filter);
    if (!reports) return desk.failed(visit, reports.error());
    web::View view;
    view.list("reports").set("reports_any", !reports->empty()).set("only_open", filter.only_open);
    for (const PageReport& report : *reports) {
      view.item("reports")
          .set("path", "/page-reports/" + report.id)
          .set("reference", report.reference)
          .set("kind", kind_words(report.kind))
          .set("address", shown_address(report.address))
          .set("at", desk.when(report.at))
          .set("state", state_words(report.state));
    }
    return desk.show(visit, "page_reports", std::move(view));
  });
  desk.get(router, Area::page_reports, "/page-reports/{id}",
           [&desk](const Visit& visit) { return report_page(desk, visit, ""); });
  desk.post(router, Area::page_reports, "/page-reports/{id}", [&desk](const Visit& visit) {
    const auto state = casework::report_state_from(visit.request.form.get("state"));
    if (!state) return report_page(desk, visit, "Choose a decision.", 400);
    const std::string id(visit.request.param("id"));
    const Result<void> handled = PageReports(*visit.stores.desk)
                                     .handle(visit.viewer, id, *state, visit.request.form.get("answer"), visit.now,
                                             seen_version(visit.request.form));
    if (!handled) {
      return report_page(desk, visit, handled.error().text(), handled.error().fault == Fault::client ? 400 : 503);
    }
    return desk.done(visit, "/page-reports/" + id,
                     "Recorded for this report: " + std::string(state_words(*state)) +
                         (visit.request.form.get("answer").empty() ? ", without an answer." : ", with your answer."));
  });
}

}  // namespace schoolgate::console
