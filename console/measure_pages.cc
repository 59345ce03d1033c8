// What is done at once and for a time: emergency blocks, supervised sessions, exams; and taking them back.
#include "casework/measures.h"

#include "base/ascii.h"
#include "casework/shown_text.h"
#include "casework/traffic.h"
#include "console/days.h"
#include "console/desk.h"
#include "console/form_problems.h"
#include "console/measure_brakes.h"
#include "web/csrf.h"

namespace schoolgate::console {

namespace {

using rules::Measure;

std::string kind_words(Measure::Kind kind) {
  switch (kind) {
    case Measure::Kind::emergency: return "Blocked for everyone";
    case Measure::Kind::supervised: return "Supervised session";
    case Measure::Kind::exam: return "Exam";
  }
  return {};
}

/// A site of a measure, as text that nobody can click: the host defanged, a path kept.
std::string shown_site(std::string_view site) {
  const std::size_t slash = site.find('/');
  return casework::defang(site.substr(0, slash)) +
         (slash == std::string_view::npos ? std::string() : std::string(site.substr(slash)));
}

void set_measure(const Desk& desk, const Visit& visit, const casework::KeptMeasure& kept, web::View& item) {
  const Measure& measure = kept.measure;
  std::vector<std::string> sites, groups;
  for (const std::string& site : measure.sites) sites.push_back(shown_site(site));
  for (const std::string& group : measure.groups) groups.push_back(desk.group_words(group));
  if (sites.size() > 10) {
    const std::string more = "and " + std::to_string(sites.size() - 10) + " more";
    sites.resize(10);
    sites.push_back(more);
  }
  item.set("id", measure.id).set("kind", kind_words(measure.kind)).set_if("groups", joined(groups));
  item.set("sites", sites.empty() ? std::string("no site") : joined(sites));
  item.set("by", measure.by).set("why", measure.why).set("from", desk.when(measure.from));
  std::string until =
      measure.until == TimePoint::max() ? "until it is taken back" : "until " + desk.when(measure.until);
  if (kept.closed) {
    until = "taken back " + desk.when(*kept.closed) + " by " + kept.closed_by;
    if (!kept.closed_why.empty()) until += ": " + kept.closed_why;
  }
  if (measure.from > visit.now && !kept.closed) until = "begins " + desk.when(measure.from) + ", " + until;
  item.set("until", until);
}

web::Response measures_page(const Desk& desk, const Visit& visit, std::string_view problem, int status = 200) {
  const auto kept = casework::MeasureStore(*visit.stores.desk, nullptr).list(200);
  if (!kept) return desk.failed(visit, kept.error());
  web::View view;
  set_problem(view, visit.request, problem);
  view.list("active").list("earlier");
  bool any = false, earlier = false;
  for (const casework::KeptMeasure& measure : *kept) {
    const bool active = !measure.closed && measure.measure.until > visit.now;
    (active ? any : earlier) = true;
    set_measure(desk, visit, measure, view.item(active ? "active" : "earlier"));
  }
  view.set("active_any", any).set("earlier_any", earlier);
  view.set("can_open", visit.may_change && static_cast<bool>(desk.hooks().open_measure));
  const std::shared_ptr<const PolicyFacts> policy = desk.policy();
  view.list("groups_known").list("lists_known");
  for (const GroupFact& group : policy->groups) {
    view.item("groups_known").set("value", group.id).set("words", group.title.empty() ? group.id : group.title);
  }
  for (const std::string& list : policy->session_lists) view.item("lists_known").set("value", list).set("words", list);
  const web::Form& given = visit.request.method == web::Method::post ? visit.request.form : visit.request.query;
  view.set("site", given.get("site"));
  set_typed(view, visit.request.form);
  return desk.show(visit, "measures", std::move(view), status);
}

/// Lines of a text area, and what people put between: one site each, without scheme.
std::vector<std::string> sites_of(std::string_view text) {
  std::vector<std::string> sites;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" ,;\r\n\t", begin), text.size());
    std::string_view site = text.substr(begin, end - begin);
    begin = end + 1;
    for (const std::string_view scheme : {"https://", "http://", "hxxps://", "hxxp://"}) {
      if (site.starts_with(scheme)) site.remove_prefix(scheme.size());
    }
    while (site.ends_with('/')) site.remove_suffix(1);
    // As it is shown here, defanged, it may come back.
    std::string plain;
    for (std::size_t i = 0; i < site.size(); ++i) {
      if (site.substr(i).starts_with("[.]")) {
        plain += '.';
        i += 2;
      } else {
        plain += site[i];
      }
    }
    if (!plain.empty()) sites.push_back(std::move(plain));
  }
  return sites;
}

/// What it would close or open, by yesterday's traffic, and what stands against it; the form again, to be confirmed.
web::Response confirm_page(const Desk& desk, const Visit& visit, const Measure& measure, const Brakes& brakes) {
  const TimePoint midnight = begin_of_day(desk, local_day(desk, visit.now));
  const auto traffic =
      casework::traffic_of(desk.parts().decisions, measure.sites, midnight - std::chrono::days(1), visit.now);
  if (!traffic) return desk.failed(visit, traffic.error());
  web::View view;
  view.set("path", visit.request.path).set("kind", kind_words(measure.kind));
  view.set("closes", measure.kind == Measure::Kind::emergency);
  view.list("fields").list("sites").list("reasons").list("hosts");
  for (const auto& [name, value] : visit.request.form.fields())
    if (name != web::kCsrfField && name != kWhoseField && name != "do")
      view.item("fields").set("name", name).set("value", value);
  for (const std::string& site : measure.sites) view.item("sites").set("text", shown_site(site));
  for (const std::string& reason : brakes.reasons) view.item("reasons").set("text", reason);
  view.set("reasons_any", !brakes.reasons.empty());
  for (const std::string& host : traffic->hosts) view.item("hosts").set("text", casework::defang(host));
  std::vector<std::string> groups;
  for (const std::string& group : traffic->groups) groups.push_back(desk.group_words(group));
  view.set("kept", traffic->kept).set("requests", traffic->requests).set("devices", traffic->devices);
  view.set("asked_for", traffic->requests > 0).set("cut", traffic->cut_short).set_if("groups", joined(groups));
  return desk.show(visit, "measure_confirm", std::move(view), brakes.reasons.empty() ? 200 : 409);
}

/// "Blocked for everyone: a[.]example, until Mon 7 December 2026, 10:00."
std::string opened_words(const Desk& desk, const Measure& measure) {
  std::vector<std::string> sites, groups;
  for (const std::string& site : measure.sites) sites.push_back(shown_site(site));
  for (const std::string& group : measure.groups) groups.push_back(desk.group_words(group));
  std::string words = kind_words(measure.kind);
  if (!groups.empty()) words += " for " + joined(groups);
  if (!measure.list.empty()) words += ": the list " + measure.list;
  if (!sites.empty()) words += (measure.list.empty() ? ": " : ", ") + joined(sites);
  words += ", in force now, ";
  words += measure.until == TimePoint::max() ? "until it is taken back" : "until " + desk.when(measure.until);
  return words + ".";
}

web::Response open(const Desk& desk, const Visit& visit, Measure measure) {
  if (!desk.hooks().open_measure) return desk.not_found(visit);
  const Result<std::string> why = casework::typed_text("reason", visit.request.form.get("why"), 500);
  if (!why) return measures_page(desk, visit, why.error().text(), 400);
  if (why->empty()) return measures_page(desk, visit, "Give the reason, for a colleague who reads it later.", 400);
  measure.why = *why;
  measure.by = visit.viewer.user;
  measure.from = visit.now;
  if (desk.hooks().site_facts) {
    std::vector<SiteFacts> facts;
    for (const std::string& site : measure.sites) facts.push_back(desk.hooks().site_facts(site));
    const Brakes brakes = brakes_on(measure, facts, visit.viewer);
    if (!brakes.refused.empty()) return measures_page(desk, visit, brakes.refused, 403);
    const bool asked = visit.request.form.get("do") == "look";
    if (asked || (!brakes.reasons.empty() && visit.request.form.get("do") != "confirm"))
      return confirm_page(desk, visit, measure, brakes);
  }
  const std::string words = opened_words(desk, measure);
  const Result<std::string> opened = desk.hooks().open_measure(std::move(measure));
  if (!opened) {
    return measures_page(desk, visit, opened.error().text(), opened.error().fault == Fault::client ? 400 : 503);
  }
  return desk.done(visit, "/measures", words);
}

int status_of(const Error& error) { return error.fault == Fault::client ? 400 : 503; }

/// What is about to be taken back, in words; fault client: there is no such measure, or it has ended.
Result<std::string> closed_words(const Desk& desk, const Visit& visit, std::string_view id) {
  const auto kept = casework::MeasureStore(*visit.stores.desk, nullptr).list(200);
  if (!kept) return std::unexpected(kept.error());
  for (const casework::KeptMeasure& one : *kept) {
    if (one.measure.id != id) continue;
    if (one.closed || one.measure.until <= visit.now)
      return fail(Fault::client, "this has ended already, so nothing was taken back");
    std::vector<std::string> sites;
    for (const std::string& site : one.measure.sites) sites.push_back(shown_site(site));
    return "Taken back: " + kind_words(one.measure.kind) + (sites.empty() ? "" : ", " + joined(sites)) +
           ". The ordinary rules hold again.";
  }
  return fail(Fault::client, "there is no such measure, so nothing was taken back");
}

}  // namespace

void add_measure_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::measures, "/measures", [&desk](const Visit& visit) { return measures_page(desk, visit, ""); });

  desk.post(router, Area::measures, "/measures/emergency", [&desk](const Visit& visit) {
    const web::Form& form = visit.request.form;
    const std::optional<long> days = form.number("days", 0, 365);
    if (!days) return measures_page(desk, visit, "Choose for how long.", 400);
    Measure measure{.kind = Measure::Kind::emergency};
    measure.sites = sites_of(form.get("site"));
    if (measure.sites.empty()) return measures_page(desk, visit, "Enter the site that is to be blocked.", 400);
    measure.until = *days == 0 ? TimePoint::max() : visit.now + std::chrono::days(*days);
    return open(desk, visit, std::move(measure));
  });

  desk.post(router, Area::measures, "/measures/supervised", [&desk](const Visit& visit) {
    const web::Form& form = visit.request.form;
    const std::optional<long> minutes = form.number("minutes", 1, 60);
    if (!minutes) return measures_page(desk, visit, "A supervised session lasts 1 to 60 minutes.", 400);
    Measure measure{.kind = Measure::Kind::supervised};
    measure.groups.emplace_back(form.get("group"));
    measure.list = form.text("list", 200).value_or("");
    measure.sites = sites_of(form.get("sites"));
    if (const std::optional<std::string> room = form.text("network", 100)) {
      const std::optional<names::IpNetwork> network = names::IpNetwork::parse(*room);
      if (!network) return measures_page(desk, visit, "The room is no network such as 10.20.1.0/24.", 400);
      measure.networks.push_back(*network);
    }
    measure.until = visit.now + std::chrono::minutes(*minutes);
    return open(desk, visit, std::move(measure));
  });

  desk.post(router, Area::measures, "/measures/exam", [&desk](const Visit& visit) {
    const web::Form& form = visit.request.form;
    const std::optional<long> minutes = form.number("minutes", 1, 12 * 60);
    if (!minutes) return measures_page(desk, visit, "An exam lasts 1 to 720 minutes.", 400);
    Measure measure{.kind = Measure::Kind::exam};
    measure.groups.emplace_back(form.get("group"));
    measure.sites = sites_of(form.get("sites"));
    measure.until = visit.now + std::chrono::minutes(*minutes);
    return open(desk, visit, std::move(measure));
  });

  desk.post(router, Area::measures, "/measures/{id}/close", [&desk](const Visit& visit) {
    if (!desk.hooks().close_measure) return desk.not_found(visit);
    const Result<std::string> why = casework::typed_text("reason", visit.request.form.get("why"), 500);
    if (!why) return measures_page(desk, visit, why.error().text(), 400);
    const Result<std::string> words = closed_words(desk, visit, visit.request.param("id"));
    if (!words) return measures_page(desk, visit, words.error().text(), status_of(words.error()));
    const Result<void> closed = desk.hooks().close_measure(visit.request.param("id"), visit.viewer.user, *why);
    if (!closed) {
      return measures_page(desk, visit, closed.error().text(), closed.error().fault == Fault::client ? 400 : 503);
    }
    return desk.done(visit, "/measures", *words);
  });
}

}  // namespace schoolgate::console
