#include "console/find_pages.h"

#include "casework/incidents.h"
#include "casework/kept_people.h"
#include "casework/page_reports.h"
#include "console/episode_words.h"
#include "web/text.h"

namespace schoolgate::console {

namespace {

constexpr std::size_t kMostFound = 50;

// A reference as people read it out: any case, with or without the dash.
std::string as_reference(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' || c == '-') continue;
    if (out.size() == 4) out += '-';
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

/// Episodes of a person, a device or a theme's class, as links to the filtered list.
void add_list(web::View& view, std::string_view words, const std::string& name, const std::string& value,
              std::uint64_t count) {
  view.item("lists")
      .set("words", words)
      .set("count", count)
      .set("path", "/episodes?" + web::encode_query({{name, value}}));
}

Result<void> find_lists(const Desk& desk, const Visit& visit, const std::string& text, web::View& view) {
  const auto count = [&](casework::EpisodeFilter filter) -> Result<std::uint64_t> {
    filter.limit = 1;
    const auto page = visit.stores.episodes->list(visit.viewer, filter);
    if (!page) return std::unexpected(page.error());
    return page->total;
  };
  casework::KeptPeople people(*visit.stores.desk, desk.hooks().name_of);
  const auto found = people.matching(visit.viewer, text);
  if (!found) return std::unexpected(found.error());
  for (std::size_t i = 0; i < std::min(found->size(), kMostFound); ++i) {
    const casework::KeptPerson& person = (*found)[i];
    const auto episodes = count({.person = person.account});
    if (!episodes) return std::unexpected(episodes.error());
    add_list(view, casework::words_of(person), "person", person.account, *episodes);
    auto noted =
        visit.stores.desk->note(visit.viewer, "search", "find", person.account, "found by a search", visit.now);
    if (!noted) return noted;
  }
  if (const auto address = names::IpAddress::parse(text)) {
    const auto episodes = count({.device = address->text()});
    if (!episodes) return std::unexpected(episodes.error());
    if (*episodes > 0) add_list(view, "Device " + address->text(), "device", address->text(), *episodes);
  }
  const auto choices = visit.stores.episodes->choices(visit.viewer);
  if (!choices) return std::unexpected(choices.error());
  for (const std::string& group : choices->groups) {
    if (!equal_ignoring_case(group, text) && !equal_ignoring_case(desk.group_words(group), text)) continue;
    const auto episodes = count({.group = group});
    if (!episodes) return std::unexpected(episodes.error());
    add_list(view, desk.group_words(group), "group", group, *episodes);
  }
  return {};
}

Result<void> find_records(const Desk& desk, const Visit& visit, const std::string& text, web::View& view) {
  const std::string reference = as_reference(text);
  const auto row = visit.stores.episodes->find_row(visit.viewer, reference);
  if (!row) return std::unexpected(row.error());
  if (*row) set_row(desk, view.item("episodes"), **row);
  view.set("episodes_any", row->has_value());
  const auto incident = casework::Incidents(*visit.stores.desk).find(visit.viewer, reference);
  if (!incident) return std::unexpected(incident.error());
  if (*incident) {
    view.item("records")
        .set("path", "/incidents/" + (*incident)->id)
        .set("words", "Incident " + (*incident)->reference + ": " + (*incident)->title);
  }
  const auto report = casework::PageReports(*visit.stores.desk).find(visit.viewer, reference);
  if (!report) return std::unexpected(report.error());
  if (*report) {
    view.item("records").set("path", "/page-reports/" + (*report)->id).set("words", "Reported page " + reference);
  }
  return {};
}

web::Response find_page(const Desk& desk, const Visit& visit) {
  const std::string text = visit.request.query.text("q", 200).value_or("");
  web::View view;
  view.set_if("q", text).list("lists").list("episodes").list("records");
  if (!text.empty()) {
    if (auto found = find_lists(desk, visit, text, view); !found) return desk.failed(visit, found.error());
    if (auto found = find_records(desk, visit, text, view); !found) return desk.failed(visit, found.error());
  }
  return desk.show(visit, "find", std::move(view));
}

}  // namespace

void add_find_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::episodes, "/find", [&desk](const Visit& visit) { return find_page(desk, visit); });
}

}  // namespace schoolgate::console
