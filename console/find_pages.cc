#include "console/find_pages.h"

#include "breaches/find_reference.h"
#include "breaches/flat_json.h"
#include "casework/incidents.h"
#include "casework/kept_people.h"
#include "casework/page_reports.h"
#include "casework/shown_text.h"
#include "casework/visibility.h"
#include "console/episode_words.h"
#include "console/person_pages.h"
#include "web/text.h"

namespace schoolgate::console {

namespace {

constexpr std::size_t kMostFound = 50;

/// Episodes of a person, a device or a theme's class, as links to the filtered list.
web::View& add_list(web::View& view, std::string_view words, const std::string& name, const std::string& value,
                    std::uint64_t count) {
  return view.item("lists")
      .set("words", words)
      .set("count", count)
      .set_if("chronology", "")
      .set("path", "/episodes?" + web::encode_query({{name, value}}));
}

Result<std::uint64_t> count_of(const Visit& visit, casework::EpisodeFilter filter) {
  filter.limit = 1;
  const auto page = visit.stores.episodes->list(visit.viewer, filter);
  if (!page) return std::unexpected(page.error());
  return page->total;
}

/// All of them are in the journal, or none is shown.
Result<void> journal_found(const Visit& visit, const std::vector<casework::KeptPerson>& people) {
  if (people.empty()) return {};
  casework::DeskStore& store = *visit.stores.desk;
  return store.change([&]() -> Result<void> {
    for (const casework::KeptPerson& person : people) {
      auto written = store.write_journal({.seq = 0,
                                          .time = visit.now,
                                          .by = visit.viewer.user,
                                          .what = "search",
                                          .about = "find",
                                          .person = person.account,
                                          .detail = "found by a search"});
      if (!written) return written;
    }
    return {};
  });
}

Result<void> find_people(const Desk& desk, const Visit& visit, const std::string& text, web::View& view) {
  auto found = casework::KeptPeople(*visit.stores.desk, desk.hooks().name_of).matching(visit.viewer, text);
  if (!found) return std::unexpected(found.error());
  const std::size_t all = found->size();
  if (all > kMostFound) {
    found->resize(kMostFound);
    view.set("cut", std::to_string(kMostFound) + " of " + std::to_string(all) +
                        " people are shown. Add a letter or another name to see the others.");
  }
  if (auto written = journal_found(visit, *found); !written) return written;
  for (const casework::KeptPerson& person : *found) {
    const auto episodes = count_of(visit, {.person = person.account});
    if (!episodes) return std::unexpected(episodes.error());
    add_list(view, casework::words_of(person), "person", person.account, *episodes)
        .set("chronology", person_path(person.account));
  }
  return {};
}

Result<void> find_lists(const Desk& desk, const Visit& visit, const std::string& text, web::View& view) {
  if (const auto address = names::IpAddress::parse(text)) {
    const auto episodes = count_of(visit, {.device = address->text()});
    if (!episodes) return std::unexpected(episodes.error());
    if (*episodes > 0) add_list(view, "Device " + address->text(), "device", address->text(), *episodes);
  }
  const auto choices = visit.stores.episodes->choices(visit.viewer);
  if (!choices) return std::unexpected(choices.error());
  for (const std::string& group : choices->groups) {
    if (!equal_ignoring_case(group, text) && !equal_ignoring_case(desk.group_words(group), text)) continue;
    const auto episodes = count_of(visit, {.group = group});
    if (!episodes) return std::unexpected(episodes.error());
    add_list(view, desk.group_words(group), "group", group, *episodes);
  }
  return {};
}

Result<void> find_records(const Visit& visit, const std::string& reference, web::View& view) {
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

std::string_view fault_words(std::string_view rule) {
  if (rule == "certificate") return "the site's certificate is not good";
  if (rule == "destination") return "the gateway reaches no such address or port";
  if (rule == "upstream") return "the site could not be reached";
  if (rule == "sign-in") return "it asked to sign in";
  return rule;
}

/// What the page with that number said, for whom and when; as far as the viewer may know.
std::string page_words(const Desk& desk, const Visit& visit, const breaches::FlatJson& record, bool is_breach) {
  using casework::Field;
  const std::string person(record.text("person"));
  const auto may = [&](Field field) { return casework::may_see(visit.viewer, person, field); };
  std::string words = "Page " + std::string(record.text("reference"));
  if (const auto time = from_rfc3339(record.text("time"))) words += ", " + desk.when(*time);
  words += ": ";
  const std::string action(record.text("action"));
  if (is_breach || action != "fault")
    words += (action == "block"  ? "blocked"
              : action == "warn" ? "warned of"
                                 : action) +
             ", " + theme_words(record.text("category"));
  else
    words += fault_words(record.text("rule"));
  const std::string site(record.text(is_breach ? "site" : "host"));
  if (!site.empty() && may(Field::site)) words += ", " + casework::defang(site);
  if (!person.empty() && may(Field::person)) words += ", " + desk.person_words(person);
  if (record.has("attempts"))
    words += ", one of " + std::string(record.text("attempts")) + " attempts that are counted together";
  if (may(Field::device)) words += ", device " + std::string(record.text("device"));
  return words;
}

/// The record behind the number that a block page, a warning or a page about a fault shows.
Result<void> find_page_number(const Desk& desk, const Visit& visit, const std::string& reference,
                              std::vector<casework::EpisodeRow>& rows, web::View& view) {
  const auto found = breaches::find_reference(desk.parts().state, desk.parts().decisions, reference);
  if (!found) return std::unexpected(found.error());
  if (!*found) return {};
  const auto record = breaches::FlatJson::parse((*found)->record);
  if (!record) return {};
  const std::string person(record->text("person"));
  if (!casework::may_see(visit.viewer, person, casework::Field::existence)) return {};
  if (!person.empty()) {
    auto written = visit.stores.desk->note(visit.viewer, "search", "find", person, "page " + reference, visit.now);
    if (!written) return written;
  }
  view.item("pages").set("words", page_words(desk, visit, *record, (*found)->is_breach));
  if (!(*found)->is_breach) return {};
  auto row = visit.stores.episodes->find_row(visit.viewer, record->text("episode"));
  if (!row) return std::unexpected(row.error());
  if (*row) rows.push_back(**std::move(row));
  return {};
}

Result<void> find_by_reference(const Desk& desk, const Visit& visit, const std::string& reference, web::View& view) {
  std::vector<casework::EpisodeRow> rows;
  auto row = visit.stores.episodes->find_row(visit.viewer, reference);
  if (!row) return std::unexpected(row.error());
  if (*row) rows.push_back(**std::move(row));
  if (auto found = find_records(visit, reference, view); !found) return found;
  if (auto found = find_page_number(desk, visit, reference, rows, view); !found) return found;
  for (const casework::EpisodeRow& one : rows) set_row(desk, view.item("episodes"), one);
  view.set("episodes_any", !rows.empty());
  return {};
}

web::Response find_page(const Desk& desk, const Visit& visit) {
  const std::string text = visit.request.query.text("q", 200).value_or("");
  web::View view;
  view.set_if("q", text).set_if("cut", "").set("episodes_any", false);
  view.list("lists").list("episodes").list("records").list("pages");
  if (!text.empty()) {
    auto found = find_people(desk, visit, text, view);
    if (found) found = find_lists(desk, visit, text, view);
    if (const auto reference = breaches::read_reference(text); found && reference)
      found = find_by_reference(desk, visit, *reference, view);
    if (!found) return desk.failed(visit, found.error());
  }
  return desk.show(visit, "find", std::move(view));
}

}  // namespace

void add_find_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::episodes, "/find", [&desk](const Visit& visit) { return find_page(desk, visit); });
}

}  // namespace schoolgate::console
