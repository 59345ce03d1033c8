// Reports: trends, reaction and repeat subjects for those who lead safeguarding; numbers without names for governors.
#include "casework/shown_text.h"
#include "console/days.h"
#include "console/desk.h"
#include "console/documents.h"
#include "console/episode_words.h"
#include "console/report_words.h"

namespace schoolgate::console {

namespace {

constexpr int kTerm = 91;  // thirteen weeks

void set_range(web::View& view, std::string_view path, const casework::DayRange& range) {
  view.set("range_path", path).set("range_from", day_text(range.from)).set("range_to", day_text(range.to));
  view.set("range_words", day_words(range.from) + " to " + day_words(range.to));
}

web::Response reports_page(const Desk& desk, const Visit& visit) {
  const casework::DayRange range = range_of(desk, visit.request.query, visit.now, kTerm);
  casework::Reports& reports = *visit.stores.reports;
  Result<casework::Trends> trends = reports.trends(range);
  if (!trends) return desk.failed(visit, trends.error());
  desk.name_groups(trends->groups);
  const Result<casework::Reaction> reaction = reports.reaction(range);
  if (!reaction) return desk.failed(visit, reaction.error());
  const Result<casework::ReportTurnaround> turnaround = reports.page_reports(range);
  if (!turnaround) return desk.failed(visit, turnaround.error());
  const Result<casework::IncidentCounts> incidents = reports.incidents(range, visit.now);
  if (!incidents) return desk.failed(visit, incidents.error());
  const Result<std::vector<casework::RepeatSubject>> repeat = reports.repeat_subjects(visit.viewer, range);
  if (!repeat) return desk.failed(visit, repeat.error());

  web::View view;
  set_range(view, "/reports", range);
  const auto figure = [&](std::uint64_t number, std::string_view words) {
    view.item("figures").set("number", number).set("words", words);
  };
  figure(trends->episodes, "episodes");
  figure(trends->attempts, "attempts");
  figure(reaction->urgent_waiting, "urgent ones that wait");
  figure(incidents->open_now, "incidents open now");
  figure(incidents->reviews_overdue, "reviews overdue");
  std::vector<FigureTable> tables = trend_tables(*trends);
  tables.push_back(reaction_table(*reaction));
  tables.push_back(turnaround_table(*turnaround));
  set_tables(view, tables);
  view.list("repeat").set("repeat_any", !repeat->empty());
  for (const casework::RepeatSubject& subject : *repeat) {
    std::string themes;
    for (const std::string& theme : subject.themes) themes += (themes.empty() ? "" : ", ") + theme_words(theme);
    const std::string path = "/episodes?" + (subject.person.empty() ? web::encode_query({{"device", subject.device}})
                                                                    : web::encode_query({{"person", subject.person}}));
    view.item("repeat")
        .set("who", subject.person.empty() ? "Device " + subject.device : desk.person_words(subject.person))
        .set("path", path)
        .set("group", desk.group_words(subject.group))
        .set("episodes", subject.episodes)
        .set("attempts", subject.attempts)
        .set("urgency", subject.highest_urgency)
        .set("themes", themes)
        .set("last", desk.when(subject.last));
  }
  return desk.show(visit, "reports", std::move(view));
}

}  // namespace

void add_report_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::reports, "/reports", [&desk](const Visit& visit) { return reports_page(desk, visit); });

  desk.get(router, Area::governors, "/governors", [&desk](const Visit& visit) {
    const casework::DayRange range = range_of(desk, visit.request.query, visit.now, kTerm);
    Result<casework::GovernorReport> report = visit.stores.reports->governors(range, visit.now);
    if (!report) return desk.failed(visit, report.error());
    desk.name_groups(report->trends.groups);
    web::View view;
    set_range(view, "/governors", range);
    view.set("pdf_path",
             "/governors.pdf?" + web::encode_query({{"from", day_text(range.from)}, {"to", day_text(range.to)}}));
    set_tables(view, governor_tables(*report, desk.clock()));
    return desk.show(visit, "governors", std::move(view));
  });

  desk.get(router, Area::governors, "/governors.pdf", [&desk](const Visit& visit) {
    const casework::DayRange range = range_of(desk, visit.request.query, visit.now, kTerm);
    Result<casework::GovernorReport> report = visit.stores.reports->governors(range, visit.now);
    if (!report) return desk.failed(visit, report.error());
    desk.name_groups(report->trends.groups);
    Result<std::string> pdf = governors_pdf(*report, desk.parts().school, desk.clock(), visit.now);
    if (!pdf) return desk.failed(visit, pdf.error());
    return web::attachment("application/pdf", std::move(*pdf), "governors-" + day_text(range.to) + ".pdf");
  });
}

}  // namespace schoolgate::console
