#include "console/episode_words.h"

#include "casework/checklists.h"
#include "casework/incidents.h"
#include "casework/shown_text.h"

namespace schoolgate::console {

std::string theme_words(std::string_view theme, bool illegal) {
  std::string words(theme.empty() ? std::string_view("other") : theme);
  for (char& c : words) {
    if (c == '-') c = ' ';
  }
  if (illegal) return "Illegal: " + words;
  if (words[0] >= 'a' && words[0] <= 'z') words[0] = static_cast<char>(words[0] - 'a' + 'A');
  return words;
}

std::string confidence_words(std::string_view confidence) {
  if (confidence == "login") return "Signed in with a password of their own";
  if (confidence == "class") return "Signed in as a class or without a password: it may be another child of the class";
  if (confidence == "device") return "Known by the device only; the person using it is not known";
  if (confidence == "network") return "Known by the part of the network only";
  return "Not known";
}

std::string attempts_words(const casework::EpisodeRow& row) {
  std::string words = row.attempts == 1 ? "1 attempt" : std::to_string(row.attempts) + " attempts";
  if (row.let_through == 0) return words + (row.attempts == 1 ? ", blocked" : ", all blocked");
  if (row.let_through >= row.attempts) return words + (row.attempts == 1 ? ", let through" : ", all let through");
  return words + ", " + std::to_string(row.let_through) + " let through";
}

std::string who_words(const Desk& desk, const casework::EpisodeRow& row) {
  if (row.person_withheld) return "A person (names are not shown to your role)";
  if (!row.person.empty()) return desk.person_words(row.person);
  return "Unknown person, device " + row.device;
}

std::string_view urgency_class(int urgency) noexcept {
  if (urgency >= 5) return "govuk-tag--red";
  if (urgency == 4) return "govuk-tag--orange";
  if (urgency == 3) return "govuk-tag--yellow";
  return "govuk-tag--grey";
}

void set_row(const Desk& desk, web::View& item, const casework::EpisodeRow& row) {
  item.set("id", row.id).set("reference", row.reference).set("path", "/episodes/" + row.id);
  item.set("who", who_words(desk, row)).set("group", desk.group_words(row.group)).set("device", row.device);
  item.set("theme", theme_words(row.theme, row.illegal)).set("attempts", attempts_words(row));
  item.set("when", desk.when(row.last)).set("when_brief", desk.when_brief(row.last));
  const std::string begin = casework::clock_text(desk.clock(), row.first);
  const std::string end = casework::clock_text(desk.clock(), row.last);
  const bool one_day = casework::date_text(desk.clock(), row.first) == casework::date_text(desk.clock(), row.last);
  item.set("span", !one_day       ? desk.when(row.first) + " to " + desk.when(row.last)
                   : begin == end ? desk.when(row.first)
                                  : desk.when(row.first) + " to " + end);
  item.set("urgency", std::to_string(row.urgency) + " " + std::string(breaches::urgency_word(row.urgency)));
  item.set("urgency_class", urgency_class(row.urgency));
  std::string sites;
  for (const std::string& site : row.site_names) sites += (sites.empty() ? "" : ", ") + site;
  if (row.sites > row.site_names.size() && !row.site_names.empty()) {
    sites += " and " + std::to_string(row.sites - row.site_names.size()) + " more";
  }
  if (sites.empty()) sites = row.illegal ? "sealed" : "";
  item.set_if("sites", sites).set("confidence", confidence_words(row.confidence));
  item.set("fresh", row.state == casework::EpisodeState::fresh);
  item.set("many_hosts", row.many_hosts).set("illegal", row.illegal);
  switch (row.state) {
    case casework::EpisodeState::fresh: item.set("state", "New"); break;
    case casework::EpisodeState::acknowledged: item.set("state", "Acknowledged by " + row.acknowledged_by); break;
    case casework::EpisodeState::incident: item.set("state", "Incident " + row.incident); break;
  }
}

void set_rows(const Desk& desk, web::View& view, std::string_view name, const casework::EpisodePage& page) {
  view.list(name);
  for (const casework::EpisodeRow& row : page.rows) set_row(desk, view.item(name), row);
  view.set(std::string(name) + "_total", page.total);
  view.set(std::string(name) + "_any", !page.rows.empty());
}

Result<casework::PinkSlip> slip_of(const Desk& desk, const Visit& visit, const casework::EpisodeDetail& episode) {
  casework::Checklists checklists(*visit.stores.desk);
  const Result<casework::Checklist> checklist = checklists.find(episode.row.theme, episode.row.illegal);
  if (!checklist) return std::unexpected(checklist.error());
  std::optional<casework::Incident> incident;
  if (!episode.row.incident.empty()) {
    Result<std::optional<casework::Incident>> found =
        casework::Incidents(*visit.stores.desk).find(visit.viewer, episode.row.incident);
    if (!found) return std::unexpected(found.error());
    incident = std::move(*found);
  }
  const Hooks& hooks = desk.hooks();
  const casework::SlipPlace place{
      .school = desk.parts().school,
      .gateway = desk.parts().gateway,
      .local_time = desk.clock(),
      .person_name = hooks.name_of && !episode.row.person.empty() ? hooks.name_of(episode.row.person) : std::string(),
      .group_title = desk.group_words(episode.row.group)};
  return casework::pink_slip(place, episode, *checklist, incident ? &*incident : nullptr);
}

}  // namespace schoolgate::console
