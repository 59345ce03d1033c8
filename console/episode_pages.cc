// Episodes: the filtered list, one episode with all that is known of it, and its pink slip in every form.
#include <algorithm>
#include <set>
#include <span>

#include "base/json.h"
#include "casework/checklists.h"
#include "casework/incidents.h"
#include "casework/pink_slip.h"
#include "casework/sealed_release.h"
#include "casework/shown_text.h"
#include "console/days.h"
#include "console/desk.h"
#include "console/documents.h"
#include "console/episode_groups.h"
#include "console/episode_words.h"
#include "console/form_problems.h"
#include "console/person_pages.h"
#include "console/work_pages.h"

namespace schoolgate::console {

namespace {

using casework::EpisodeFilter;

constexpr std::size_t kRowsAPage = 50, kMostGrouped = 500, kMostPicked = 500;
// What the filter says for episodes of no theme: an empty value stands for all of them.
constexpr std::string_view kWithoutTheme = "-";

/// "person", "burst", or empty: each episode on a line of its own.
std::string_view grouping_of(const web::Form& query) {
  const std::string_view by = query.get("by");
  return by == "person" || by == "burst" ? by : std::string_view();
}

EpisodeFilter filter_of(const Desk& desk, const Visit& visit) {
  const web::Form& query = visit.request.query;
  EpisodeFilter filter;
  if (const auto from = read_day(query.get("from"))) filter.since = begin_of_day(desk, *from);
  if (const auto to = read_day(query.get("to"))) filter.until = begin_of_day(desk, *to + std::chrono::days(1));
  filter.theme = query.text("theme", 100).value_or("");
  if (filter.theme == kWithoutTheme) {
    filter.theme.clear();
    filter.without_theme = true;
  }
  filter.group = query.text("group", 100).value_or("");
  if (visit.sight == Sight::names) filter.person = query.text("person", 200).value_or("");
  filter.device = query.text("device", 100).value_or("");
  filter.urgency_from = static_cast<int>(query.number("urgency", 1, 5).value_or(1));
  filter.state = casework::episode_state_from(query.get("state"));
  if (query.get("order") == "urgent") filter.order = casework::EpisodeOrder::most_urgent;
  filter.limit = grouping_of(query).empty() ? kRowsAPage : kMostGrouped;
  if (!grouping_of(query).empty()) return filter;
  filter.offset = static_cast<std::size_t>(query.number("page", 1, 100'000).value_or(1) - 1) * kRowsAPage;
  return filter;
}

/// The list with its filter, on the same page or on another one.
std::string list_address(const web::Form& query, std::optional<std::size_t> page = std::nullopt) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto& [name, value] : query.fields()) {
    if (name != "done" && !value.empty() && (name != "page" || !page)) fields.emplace_back(name, value);
  }
  if (page) fields.emplace_back("page", std::to_string(*page));
  return fields.empty() ? std::string("/episodes") : "/episodes?" + web::encode_query(fields);
}

void set_choice(web::View& view, std::string_view list, std::string_view value, std::string_view words,
                std::string_view chosen) {
  view.item(list).set("value", value).set("words", words).set("chosen", value == chosen);
}

/// "17 people, 1 site, 10:02 to 10:09": what the episodes of a group have in common.
void set_group(const Desk& desk, const EpisodeGroup& group, bool by_person, web::View& item) {
  const casework::EpisodeRow& first = group.rows.front();
  std::string what = theme_words(first.theme, first.illegal), site, picked;
  if (!first.site_names.empty()) site = first.site_names.front();
  if (by_person) {
    what = std::to_string(group.rows.size()) + (group.rows.size() == 1 ? " episode" : " episodes");
    site.clear();
  }
  int urgency = 1;
  for (const casework::EpisodeRow& row : group.rows) {
    urgency = std::max(urgency, row.urgency);
    if (row.state == casework::EpisodeState::fresh) picked += (picked.empty() ? "" : " ") + row.id;
    set_row(desk, item.item("rows"), row);
  }
  const std::string who =
      by_person || group.people == 1 ? who_words(desk, first) : std::to_string(group.people) + " people or devices";
  item.set("who", who).set("what", what).set_if("site", site).set("attempts", group.attempts);
  item.set("when", desk.when_brief(group.first) + " to " + desk.when_brief(group.last));
  item.set("urgency", urgency).set("urgency_class", urgency_class(urgency)).set_if("picked", picked);
}

void set_groups(const Desk& desk, const casework::EpisodePage& page, std::string_view by, web::View& view) {
  const bool persons = by == "person";
  view.list("episode_groups").set_if("groups_cut", "");
  if (page.total > page.rows.size())
    view.set("groups_cut", "The newest " + std::to_string(page.rows.size()) + " of " + std::to_string(page.total) +
                               " episodes are grouped. Narrow the filter to see the others.");
  std::size_t number = 0;
  for (const EpisodeGroup& group : persons ? by_person(page.rows) : by_burst(page.rows)) {
    web::View& item = view.item("episode_groups");
    item.set("number", ++number);
    set_group(desk, group, persons, item);
  }
}

web::Response list_page(const Desk& desk, const Visit& visit, std::string_view problem = {}, int status = 200) {
  const web::Form& query = visit.request.query;
  const EpisodeFilter filter = filter_of(desk, visit);
  const Result<casework::EpisodePage> page = visit.stores.episodes->list(visit.viewer, filter);
  if (!page) return desk.failed(visit, page.error());
  const Result<casework::EpisodeReader::Choices> choices = visit.stores.episodes->choices(visit.viewer);
  if (!choices) return desk.failed(visit, choices.error());
  web::View view;
  set_rows(desk, view, "episodes", *page);
  const std::string_view by = grouping_of(query);
  view.set("grouped", !by.empty()).set("pick", visit.may_change);
  if (!by.empty()) set_groups(desk, *page, by, view);
  set_choice(view, "groupings", "", "Each on its own", by);
  set_choice(view, "groupings", "person", "By person", by);
  set_choice(view, "groupings", "burst", "By burst: many people, the same site", by);
  set_problem(view, visit.request, problem);
  set_typed(view, visit.request.form);
  for (const std::string& group : choices->groups) {
    set_choice(view, "groups", group, desk.group_words(group), query.get("group"));
  }
  for (const std::string& theme : choices->themes) {
    set_choice(view, "themes", theme.empty() ? std::string(kWithoutTheme) : theme,
               theme.empty() ? std::string("No theme") : theme_words(theme), query.get("theme"));
  }
  for (int urgency = 2; urgency <= 5; ++urgency) {
    set_choice(view, "urgencies", std::to_string(urgency),
               std::to_string(urgency) + " " + std::string(breaches::urgency_word(urgency)) + " and above",
               query.get("urgency"));
  }
  set_choice(view, "states", "new", "New", query.get("state"));
  set_choice(view, "states", "acknowledged", "Acknowledged", query.get("state"));
  set_choice(view, "states", "incident", "Part of an incident", query.get("state"));
  view.set_if("from", query.get("from")).set("to", query.get("to")).set("person", filter.person);
  const std::size_t number = filter.offset / kRowsAPage + 1;
  const std::size_t pages = (page->total + kRowsAPage - 1) / kRowsAPage;
  view.set("page_number", number).set("pages", pages);
  view.set_if("previous", number > 1 ? list_address(query, number - 1) : std::string());
  view.set_if("next", number < pages ? list_address(query, number + 1) : std::string());
  if (visit.request.method == web::Method::get) desk.last_lists().remember(visit.token, list_address(query));
  return desk.show(visit, "episodes", std::move(view), status);
}

/// What was ticked, as rows that the viewer may see; a tick of a group stands for several.
Result<std::vector<casework::EpisodeRow>> picked_rows(const Visit& visit) {
  std::set<std::string> ids;
  for (const std::string_view value : visit.request.form.all("episode"))
    for (std::size_t at = 0; at < value.size();) {
      const std::size_t end = std::min(value.find(' ', at), value.size());
      if (end > at) ids.emplace(value.substr(at, end - at));
      at = end + 1;
    }
  if (ids.empty()) return fail(Fault::client, "no episode is ticked", "tick those that you have looked at");
  if (ids.size() > kMostPicked)
    return fail(Fault::client, "more than 500 episodes are ticked", "send them in two parts");
  std::vector<casework::EpisodeRow> rows;
  for (const std::string& id : ids) {
    auto row = visit.stores.episodes->find_row(visit.viewer, id);
    if (!row) return std::unexpected(row.error());
    if (!*row) return fail(Fault::client, "one of these episodes is not there", "load the list again");
    rows.push_back(**std::move(row));
  }
  return rows;
}

web::Response acknowledge_picked(const Desk& desk, const Visit& visit) {
  const auto problem = [&](const Error& error) {
    return list_page(desk, visit, error.text(), error.fault == Fault::client ? 400 : 503);
  };
  const web::Form& form = visit.request.form;
  const auto rows = picked_rows(visit);
  if (!rows) return problem(rows.error());
  std::vector<casework::DeskStore::Picked> picked;
  std::set<std::string> who;
  for (const casework::EpisodeRow& row : *rows) {
    picked.push_back({.episode = row.id, .person = row.person});
    who.insert(row.person.empty() ? row.device : row.person);
  }
  const casework::Assessment assessment =
      casework::assessment_from(form.get("assessment")).value_or(casework::Assessment::none);
  const auto done = visit.stores.desk->acknowledge_all(visit.viewer, picked, visit.now, assessment, form.get("note"));
  if (!done) return problem(done.error());
  std::string words = assessment == casework::Assessment::none
                          ? "Acknowledged: "
                          : "Recorded as " + theme_words(casework::to_string(assessment)) + ": ";
  words += std::to_string(*done) + (*done == 1 ? " episode" : " episodes");
  words +=
      " (ticked: of " + std::to_string(who.size()) + (who.size() == 1 ? " person or device)" : " people or devices)");
  words += form.get("note").empty() ? ", without a note." : ", each with your note.";
  if (*done < picked.size())
    words += " " + std::to_string(picked.size() - *done) + " had been taken up already and stay as they were.";
  return desk.done(visit, desk.last_lists().of(visit.token, "/episodes"), std::move(words));
}

void set_slip(web::View& view, const casework::PinkSlip& slip) {
  for (const auto& [name, value] : slip_facts(slip)) view.item("facts").set("name", name).set("value", value);
  for (const std::string& step : slip.what_to_do) view.item("steps").set("text", step);
  for (const casework::Contact& contact : slip.contacts) {
    view.item("contacts").set("name", contact.name).set("reach", contact.reach);
  }
  view.set("reference", slip.reference).set("text_form", casework::to_text(slip));
}

/// The episode of the path, when the viewer may see it; that it was looked at is recorded, or it is not shown.
Result<std::optional<casework::EpisodeDetail>> looked_at(const Visit& visit) {
  Result<std::optional<casework::EpisodeDetail>> found =
      visit.stores.episodes->find(visit.viewer, visit.request.param("id"));
  if (!found || !*found) return found;
  // The audit of the person has it also where the viewer is not told who it is.
  const Result<std::string> whose = visit.stores.episodes->whose((*found)->row.id);
  if (!whose) return std::unexpected(whose.error());
  const Result<void> recorded = visit.stores.desk->record_view(visit.viewer, (*found)->row.id, *whose, visit.now);
  if (!recorded) return std::unexpected(recorded.error());
  return found;
}

web::Response with_slip(const Desk& desk, const Visit& visit,
                        const std::function<web::Response(const casework::PinkSlip&)>& answer) {
  const Result<std::optional<casework::EpisodeDetail>> found = looked_at(visit);
  if (!found) return desk.failed(visit, found.error());
  if (!*found) return desk.not_found(visit);
  const Result<casework::PinkSlip> slip = slip_of(desk, visit, **found);
  return slip ? answer(*slip) : desk.failed(visit, slip.error());
}

Result<void> set_context(const Desk& desk, const Visit& visit, const casework::EpisodeRow& row, web::View& view) {
  const Result<casework::EpisodeContext> context = visit.stores.episodes->context(visit.viewer, row);
  if (!context) return std::unexpected(context.error());
  view.set("context_kept", context->kept).set("context_cut", context->cut_short);
  view.set("context_withheld", context->withheld).set("context_has_withheld", context->withheld > 0);
  view.list("context");
  for (const casework::ContextLine& line : context->lines) {
    view.item("context")
        .set("time", casework::clock_text(desk.clock(), line.time, true))
        .set("host", line.host)
        .set("action", line.action)
        .set_if("category", line.category)
        .set_if("search", line.search)
        .set_if("times", line.times > 1 ? std::to_string(line.times) + " times" : std::string())
        .set("of_episode", line.of_episode);
  }
  view.set("context_any", !context->lines.empty());
  return {};
}

// For somebody who has never seen the configuration; the last words are for whoever has.
std::string reason_words(const casework::EpisodeRecord& record) {
  std::string why;
  if (!record.rule.empty())
    why = "A rule of the school: " + record.rule + (record.source.empty() ? "" : " (" + record.source + ")");
  else if (!record.list.empty())
    why = "It is on the list " + record.list;
  else if (record.tier == "unlisted")
    why = "This group reaches only sites that are allowed by name";
  else
    why = "Decided by: " + record.tier;
  if (!record.category.empty()) why += ", which is about: " + theme_words(record.category);
  return why + ".";
}

void set_records(const Desk& desk, const casework::EpisodeDetail& episode, web::View& view) {
  view.list("records").list("site_counts");
  for (const casework::EpisodeRecord& record : episode.records) {
    view.item("records")
        .set("time", casework::clock_text(desk.clock(), record.time, true))
        .set("action", record.action)
        .set_if("category", record.category)
        .set("url", record.url.empty() ? record.site : record.url)
        .set_if("search", record.search)
        .set("initiated", record.initiated == "user"   ? "typed or clicked"
                          : record.initiated == "page" ? "loaded by a page"
                                                       : "unknown")
        .set("seq", record.seq)
        .set_if("sum", record.attempts > 1 ? std::to_string(record.attempts) + " more attempts in the same minute, " +
                                                 std::to_string(record.addresses) + " addresses"
                                           : std::string());
  }
  view.set("records_cut", episode.records_total > episode.records.size());
  view.set("attempts_total", episode.row.attempts);
  constexpr std::size_t kSitesShown = 200;  // of those with the fewest attempts, which a flood would hide
  for (const casework::SiteCount& site : std::span(episode.sites).first(std::min(episode.sites.size(), kSitesShown))) {
    view.item("site_counts").set("site", site.site).set("attempts", site.attempts);
  }
  view.set_if("sites_cut", episode.sites.size() > kSitesShown
                               ? std::to_string(episode.sites.size() - kSitesShown) + " more, with more attempts each"
                               : std::string());
  if (!episode.records.empty()) {
    const casework::EpisodeRecord& record = episode.records.front();
    view.set("why", reason_words(record)).set("policy", record.policy_version);
  }
}

/// What people wrote about it, with what corrects what.
void set_entries(const Desk& desk, const casework::EpisodeDetail& episode, web::View& view) {
  view.list("entries").list("correctable");
  const std::vector<casework::Entry>& entries = episode.entries;
  for (const casework::Entry& entry : entries) {
    const auto corrected = std::ranges::find(entries, entry.id, &casework::Entry::corrects);
    const auto corrects = std::ranges::find(entries, entry.corrects, &casework::Entry::id);
    const std::string author = entry.by + ", " + desk.when(entry.at);
    web::View& item = view.item("entries");
    item.set("author", author).set_if("text", entry.text);
    item.set_if("assessed", entry.choice == "none" ? std::string() : theme_words(entry.choice));
    item.set_if("corrected_by", corrected == entries.end() ? "" : corrected->by + ", " + desk.when(corrected->at));
    item.set_if("corrects", corrects == entries.end() ? "" : corrects->by + ", " + desk.when(corrects->at));
    if (corrected == entries.end()) view.item("correctable").set("id", entry.id).set("author", author);
  }
  view.set("entries_any", !entries.empty());
  view.set_if("acknowledged", entries.empty() ? "" : "by " + entries.front().by + ", " + desk.when(entries.front().at));
  if (const casework::Assessment assessment = casework::assessment_of(entries);
      assessment != casework::Assessment::none) {
    view.set("assessed_as", theme_words(casework::to_string(assessment)));
  }
}

/// Who has it, and the form that gives it to somebody.
Result<void> set_owner(const Desk& desk, const Visit& visit, const std::string& episode, web::View& view) {
  const auto work = casework::Assignments(*visit.stores.desk).of_episode(episode);
  if (!work) return std::unexpected(work.error());
  const bool names = sight(visit.session.role, Area::incidents) == Sight::names;
  view.set_if("owned_by",
              names && *work ? desk.person_words((*work)->owner) + ", by " + day_words((*work)->due) : std::string());
  return visit.may_change ? set_owners(desk, visit, *work ? (*work)->owner : visit.viewer.user, view) : Result<void>();
}

web::Response episode_page(const Desk& desk, const Visit& visit, std::string_view problem, int status = 200) {
  const Result<std::optional<casework::EpisodeDetail>> found = looked_at(visit);
  if (!found) return desk.failed(visit, found.error());
  if (!*found) return desk.not_found(visit);
  const casework::EpisodeDetail& episode = **found;
  const Result<casework::PinkSlip> slip = slip_of(desk, visit, episode);
  if (!slip) return desk.failed(visit, slip.error());

  web::View view;
  set_problem(view, visit.request, problem);
  set_row(desk, view.object("episode"), episode.row);
  set_slip(view, *slip);
  view.set("length", episode.length.text).set("initiated", episode.initiated);
  for (const std::string& reason : episode.urgency.reasons) view.item("urgency_reasons").set("text", reason);
  set_records(desk, episode, view);
  set_entries(desk, episode, view);
  if (const Result<void> owner = set_owner(desk, visit, episode.row.id, view); !owner)
    return desk.failed(visit, owner.error());
  const Result<bool> stale = desk.set_version(visit, episode.row.id, view);
  if (!stale) return desk.failed(visit, stale.error());
  if (const Result<void> context = set_context(desk, visit, episode.row, view); !context) {
    return desk.failed(visit, context.error());
  }
  // What may be blocked for everybody: the site that is tried most is filled in, others can be typed.
  std::string site;
  for (const casework::EpisodeRecord& record : episode.records) {
    if (site.empty() && !record.sealed && record.search.empty()) site = record.site;
  }
  view.set("block_path", "/measures?" + web::encode_query({{"site", site}}) + "#emergency");
  view.set("can_block", static_cast<bool>(desk.hooks().open_measure) && !episode.row.illegal &&
                            may_change(visit.session.role, Area::measures) && !episode.sites.empty());
  const Hooks& hooks = desk.hooks();
  view.set("can_hand_over", hooks.hand_over && (!hooks.has_case_system || hooks.has_case_system()));
  view.set("can_release", episode.row.illegal && sight(visit.session.role, Area::sealed) == Sight::names);
  view.set_if("incident", episode.row.incident);
  set_typed(view, visit.request.form);
  const bool named = !episode.row.person.empty() && sight(visit.session.role, Area::incidents) == Sight::names;
  view.set_if("person_path", named ? person_path(episode.row.person) : std::string());
  view.set("back", desk.last_lists().of(visit.token, "/episodes"));
  view.set("taken_up", episode.row.state != casework::EpisodeState::fresh);
  return desk.show(visit, "episode", std::move(view), *stale ? 409 : status);
}

web::Response take_episode(const Desk& desk, const Visit& visit) {
  const Result<std::optional<casework::EpisodeRow>> row =
      visit.stores.episodes->find_row(visit.viewer, visit.request.param("id"));
  if (!row) return desk.failed(visit, row.error());
  if (!*row) return desk.not_found(visit);
  const auto problem = [&](const Error& error) {
    return episode_page(desk, visit, error.text(), error.fault == Fault::client ? 400 : 503);
  };
  casework::Assignments assignments(*visit.stores.desk);
  const std::string whose = "Episode " + (*row)->reference + " of " + who_words(desk, **row);
  const std::string path = "/episodes/" + (*row)->id;
  const auto seen = seen_version(visit.request.form);
  if (visit.request.form.get("do") == "put-down") {
    if (auto done = assignments.put_down(visit.viewer, (*row)->id, (*row)->person, visit.now, seen); !done)
      return problem(done.error());
    return desk.done(visit, path, whose + " has no owner any more.");
  }
  const Result<casework::Assigned> assigned = assigned_of(desk, visit);
  if (!assigned) return problem(assigned.error());
  if (auto done = assignments.take(visit.viewer, (*row)->id, (*row)->person, *assigned, visit.now, seen); !done)
    return problem(done.error());
  return desk.done(visit, path,
                   whose + " is " +
                       (assigned->owner.user == visit.viewer.user ? std::string("yours")
                                                                  : "with " + desk.person_words(assigned->owner.user)) +
                       ", to be dealt with by " + day_words(assigned->due) + ".");
}

void add_slip_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::episodes, "/episodes/{id}/slip", [&desk](const Visit& visit) {
    return with_slip(desk, visit, [&](const casework::PinkSlip& slip) {
      web::View view;
      set_slip(view, slip);
      view.set("id", visit.request.param("id"));
      return desk.show(visit, "slip", std::move(view));
    });
  });
  desk.get(router, Area::episodes, "/episodes/{id}/slip.pdf", [&desk](const Visit& visit) {
    return with_slip(desk, visit, [&](const casework::PinkSlip& slip) {
      Result<std::string> pdf = slip_pdf(slip, visit.now);
      if (!pdf) return desk.failed(visit, pdf.error());
      return web::attachment("application/pdf", std::move(*pdf), "pink-slip-" + slip.reference + ".pdf");
    });
  });
  desk.get(router, Area::episodes, "/episodes/{id}/slip.csv", [&desk](const Visit& visit) {
    return with_slip(desk, visit, [](const casework::PinkSlip& slip) {
      return web::attachment("text/csv; charset=utf-8", casework::to_csv(std::span(&slip, 1)),
                             "pink-slip-" + slip.reference + ".csv");
    });
  });
  desk.get(router, Area::episodes, "/episodes/{id}/slip.json", [&desk](const Visit& visit) {
    return with_slip(desk, visit, [](const casework::PinkSlip& slip) {
      return web::attachment("application/json", casework::to_json(slip), "pink-slip-" + slip.reference + ".json");
    });
  });
  desk.post(router, Area::episodes, "/episodes/{id}/hand-over", [&desk](const Visit& visit) {
    const std::string back = "/episodes/" + std::string(visit.request.param("id"));
    if (!desk.hooks().hand_over) return desk.not_found(visit);
    return with_slip(desk, visit, [&](const casework::PinkSlip& slip) {
      const Result<std::string> handed = desk.hooks().hand_over(slip);
      if (!handed) return desk.failed(visit, handed.error());
      return desk.done(visit, back,
                       "Episode " + slip.reference + " is handed to the case system" +
                           (handed->empty() ? "" : " (" + *handed + ")") +
                           ". It waits there to be matched to a person.");
    });
  });
}

}  // namespace

void add_episode_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::episodes, "/episodes", [&desk](const Visit& visit) { return list_page(desk, visit); });
  desk.get(router, Area::episodes, "/episodes/{id}",
           [&desk](const Visit& visit) { return episode_page(desk, visit, ""); });

  desk.post(router, Area::episodes, "/episodes/acknowledge",
            [&desk](const Visit& visit) { return acknowledge_picked(desk, visit); });
  desk.post(router, Area::episodes, "/episodes/{id}/take",
            [&desk](const Visit& visit) { return take_episode(desk, visit); });
  desk.post(router, Area::episodes, "/episodes/{id}/acknowledge", [&desk](const Visit& visit) {
    const web::Form& form = visit.request.form;
    const Result<std::optional<casework::EpisodeRow>> row =
        visit.stores.episodes->find_row(visit.viewer, visit.request.param("id"));
    if (!row) return desk.failed(visit, row.error());
    if (!*row) return desk.not_found(visit);
    const casework::Assessment assessment =
        casework::assessment_from(form.get("assessment")).value_or(casework::Assessment::none);
    const casework::Writing writing{.corrects = form.get("corrects"), .seen = seen_version(form)};
    const Result<void> done = visit.stores.desk->acknowledge(visit.viewer, (*row)->id, (*row)->person, visit.now,
                                                             assessment, form.get("note"), writing);
    if (!done) {
      return episode_page(desk, visit, done.error().text(), done.error().fault == Fault::client ? 400 : 503);
    }
    const std::string whose = "episode " + (*row)->reference + " of " + who_words(desk, **row);
    return desk.done(visit, "/episodes/" + (*row)->id,
                     (assessment == casework::Assessment::none
                          ? "Acknowledged: "
                          : "Recorded as " + theme_words(casework::to_string(assessment)) + ": ") +
                         whose + (form.get("note").empty() ? ", without a note." : ", with your note."));
  });

  add_slip_pages(desk, router);
}

}  // namespace schoolgate::console
