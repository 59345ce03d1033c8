#include "console/person_pages.h"

#include <algorithm>
#include <map>

#include "casework/incidents.h"
#include "casework/kept_people.h"
#include "casework/visibility.h"
#include "console/days.h"
#include "console/episode_words.h"
#include "identity/terms_record.h"
#include "web/text.h"

namespace schoolgate::console {

namespace {

constexpr std::size_t kMostEpisodes = 500;

enum class Kind : std::uint8_t { episode, note, incident, action, terms };
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kKinds{{{"episode", "Episodes"},
                                                                               {"note", "Notes and assessments"},
                                                                               {"incident", "Incidents"},
                                                                               {"action", "Actions"},
                                                                               {"terms", "Terms of use"}}};
std::string_view name_of(Kind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)].first; }

struct Line {
  TimePoint time;
  Kind kind = Kind::episode;
  std::string what, text, by, path;
  bool whole_day = false;  ///< an action has a day and no hour
};

struct Device {
  std::uint64_t episodes = 0;
  TimePoint last;
};

struct Chronology {
  std::vector<Line> lines;
  std::map<std::string, Device> devices;
  std::uint64_t episodes = 0;  ///< all, also those that are not listed
};

Result<void> add_episodes(const Desk& desk, const Visit& visit, const std::string& account, Chronology& to) {
  casework::EpisodeFilter filter{.person = account, .limit = kMostEpisodes};
  const auto page = visit.stores.episodes->list(visit.viewer, filter);
  if (!page) return std::unexpected(page.error());
  to.episodes = page->total;
  for (const casework::EpisodeRow& row : page->rows) {
    std::string sites;
    for (const std::string& site : row.site_names) sites += (sites.empty() ? ": " : ", ") + site;
    const std::string path = "/episodes/" + row.id;
    to.lines.push_back({.time = row.first,
                        .kind = Kind::episode,
                        .what = theme_words(row.theme, row.illegal) + ", urgency " + std::to_string(row.urgency),
                        .text = attempts_words(row) + sites,
                        .by = {},
                        .path = path});
    Device& device = to.devices[row.device];
    ++device.episodes;
    device.last = std::max(device.last, row.last);
    const auto entries = visit.stores.desk->acknowledgements(row.id);
    if (!entries) return std::unexpected(entries.error());
    for (const casework::Entry& entry : *entries)
      to.lines.push_back({.time = entry.at,
                          .kind = Kind::note,
                          .what = entry.choice == "none" ? std::string("Acknowledged") : theme_words(entry.choice),
                          .text = entry.text,
                          .by = entry.by,
                          .path = path});
  }
  return {};
}

void add_incident(const casework::Incident& incident, const std::string& account, Chronology& to) {
  const std::string path = "/incidents/" + incident.id, name = "Incident " + incident.reference;
  const auto subject = std::ranges::find(incident.subjects, account, &casework::IncidentSubject::person);
  const std::string role =
      subject == incident.subjects.end() ? std::string() : ", as " + std::string(casework::to_string(subject->role));
  const auto add = [&](TimePoint time, Kind kind, std::string what, std::string text, std::string by) {
    to.lines.push_back({.time = time,
                        .kind = kind,
                        .what = std::move(what),
                        .text = std::move(text),
                        .by = std::move(by),
                        .path = path,
                        .whole_day = kind == Kind::action});
  };
  add(incident.opened, Kind::incident, name + " opened" + role, incident.title, incident.opened_by);
  for (const casework::IncidentNote& note : incident.notes)
    add(note.at, Kind::note, "Note, " + name, note.text, note.by);
  for (const casework::IncidentAction& action : incident.actions) {
    const std::string struck = action.struck_at ? " (struck through: " + action.struck_why + ")" : std::string();
    add(from_rfc3339(action.date).value_or(action.recorded_at), Kind::action,
        std::string(casework::action_title(action.kind)) + struck, action.who + ", " + action.how, action.recorded_by);
  }
  if (incident.closed) add(*incident.closed, Kind::incident, name + " closed", incident.outcome, incident.closed_by);
}

Result<void> add_incidents(const Visit& visit, const std::string& account, Chronology& to) {
  casework::Incidents incidents(*visit.stores.desk);
  const auto rows = incidents.list(visit.viewer, {.open = {}, .person = account, .review_due = {}, .limit = 500});
  if (!rows) return std::unexpected(rows.error());
  for (const casework::IncidentRow& row : *rows) {
    const auto incident = incidents.find(visit.viewer, row.id);
    if (!incident) return std::unexpected(incident.error());
    if (*incident) add_incident(**incident, account, to);
  }
  return {};
}

Result<void> add_terms(const Desk& desk, const std::string& account, Chronology& to) {
  if (!desk.parts().people) return {};
  const auto answers = identity::TermsRecord(*desk.parts().people).all();
  if (!answers) return std::unexpected(answers.error());
  for (const identity::TermsAnswer& answer : *answers)
    if (answer.user == account)
      to.lines.push_back({.time = answer.when,
                          .kind = Kind::terms,
                          .what = answer.accepted ? "Accepted the terms of use" : "Did not accept the terms of use",
                          .text = "version " + answer.version,
                          .by = {},
                          .path = {}});
  return {};
}

Result<Chronology> chronology_of(const Desk& desk, const Visit& visit, const std::string& account) {
  Chronology found;
  auto added = add_episodes(desk, visit, account, found);
  if (added) added = add_incidents(visit, account, found);
  if (added) added = add_terms(desk, account, found);
  if (!added) return std::unexpected(added.error());
  std::ranges::stable_sort(found.lines, std::ranges::greater(), &Line::time);
  return found;
}

void set_lines(const Desk& desk, const Visit& visit, const Chronology& found, web::View& view) {
  const web::Form& query = visit.request.query;
  const std::string_view kind = query.get("kind");
  const auto from = read_day(query.get("from")), to = read_day(query.get("to"));
  view.list("lines");
  std::size_t shown = 0;
  for (const Line& line : found.lines) {
    if (!kind.empty() && name_of(line.kind) != kind) continue;
    if (from && line.time < begin_of_day(desk, *from)) continue;
    if (to && line.time >= begin_of_day(desk, *to + std::chrono::days(1))) continue;
    ++shown;
    view.item("lines")
        .set("when",
             line.whole_day ? day_words(std::chrono::floor<std::chrono::days>(line.time)) : desk.when(line.time))
        .set("what", line.what)
        .set_if("text", line.text)
        .set_if("by", line.by)
        .set_if("path", line.path);
  }
  view.set("lines_any", shown > 0).set("lines_total", shown);
  view.item("kinds").set("value", "").set("words", "Everything").set("chosen", kind.empty());
  for (const auto& [value, words] : kKinds)
    view.item("kinds").set("value", value).set("words", words).set("chosen", value == kind);
  view.set("from", query.get("from")).set("to", query.get("to"));
}

web::Response person_page(const Desk& desk, const Visit& visit) {
  const std::string account = visit.request.query.text("account", 200).value_or("");
  if (account.empty() || !casework::may_see(visit.viewer, account, casework::Field::person))
    return desk.not_found(visit);
  const Result<Chronology> found = chronology_of(desk, visit, account);
  if (!found) return desk.failed(visit, found.error());
  if (found->lines.empty()) return desk.not_found(visit);
  const Result<void> noted = visit.stores.desk->record_view(visit.viewer, "person's page", account, visit.now);
  if (!noted) return desk.failed(visit, noted.error());
  web::View view;
  view.set("account", account).set("who", desk.person_words(account));
  view.set("episodes_path", "/episodes?" + web::encode_query({{"person", account}}));
  view.set("views_path", "/privacy/views?" + web::encode_query({{"person", account}, {"what", "all"}}));
  view.set_if("cut", found->episodes > kMostEpisodes
                         ? "The newest " + std::to_string(kMostEpisodes) + " of " + std::to_string(found->episodes) +
                               " episodes stand here. The list of episodes has the others."
                         : std::string());
  set_lines(desk, visit, *found, view);
  view.list("devices").set("devices_any", !found->devices.empty());
  for (const auto& [address, device] : found->devices)
    view.item("devices")
        .set("address", address)
        .set("path", "/episodes?" + web::encode_query({{"device", address}}))
        .set("episodes", device.episodes)
        .set("last", desk.when(device.last));
  return desk.show(visit, "person", std::move(view));
}

}  // namespace

std::string person_path(std::string_view account) {
  return "/person?" + web::encode_query({{"account", std::string(account)}});
}

void add_person_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::incidents, "/person", [&desk](const Visit& visit) { return person_page(desk, visit); });
}

}  // namespace schoolgate::console
