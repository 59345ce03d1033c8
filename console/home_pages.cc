// The page the desk begins with: what needs somebody now, today, this week.
#include "casework/incidents.h"
#include "casework/page_reports.h"
#include "casework/sealed_release.h"
#include "casework/shown_text.h"
#include "console/days.h"
#include "console/desk.h"
#include "console/episode_words.h"
#include "console/work_pages.h"

namespace schoolgate::console {

namespace {

using casework::EpisodeFilter;
using casework::EpisodeOrder;
using casework::EpisodeState;

/// The episodes that wait: urgent ones, those of today, those of the week.
Result<void> set_waiting(const Desk& desk, const Visit& visit, web::View& view) {
  const TimePoint midnight = begin_of_day(desk, local_day(desk, visit.now));
  const TimePoint week_ago = begin_of_day(desk, local_day(desk, visit.now) - std::chrono::days(6));
  const std::array<std::pair<std::string_view, EpisodeFilter>, 3> lists{{
      {"now",
       EpisodeFilter{.urgency_from = 4, .state = EpisodeState::fresh, .order = EpisodeOrder::most_urgent, .limit = 20}},
      {"today", EpisodeFilter{.since = midnight,
                              .urgency_from = 2,
                              .urgency_to = 3,
                              .state = EpisodeState::fresh,
                              .order = EpisodeOrder::most_urgent,
                              .limit = 20}},
      {"week", EpisodeFilter{.since = week_ago,
                             .until = midnight,
                             .urgency_from = 3,
                             .urgency_to = 3,
                             .state = EpisodeState::fresh,
                             .order = EpisodeOrder::most_urgent,
                             .limit = 20}},
  }};
  for (const auto& [name, filter] : lists) {
    const Result<casework::EpisodePage> page = visit.stores.episodes->list(visit.viewer, filter);
    if (!page) return std::unexpected(page.error());
    set_rows(desk, view, name, *page);
    view.set(std::string(name) + "_more", page->total > page->rows.size());
  }
  return {};
}

/// How many fresh episodes are in none of those lists: older than the week, or of urgency 2 before today.
Result<void> set_older(const Desk& desk, const Visit& visit, web::View& view) {
  const TimePoint midnight = begin_of_day(desk, local_day(desk, visit.now));
  const TimePoint week_ago = begin_of_day(desk, local_day(desk, visit.now) - std::chrono::days(6));
  std::uint64_t older = 0;
  for (const EpisodeFilter& filter :
       {EpisodeFilter{.until = week_ago, .urgency_from = 3, .urgency_to = 3, .state = EpisodeState::fresh, .limit = 1},
        EpisodeFilter{
            .until = midnight, .urgency_from = 2, .urgency_to = 2, .state = EpisodeState::fresh, .limit = 1}}) {
    const Result<casework::EpisodePage> page = visit.stores.episodes->list(visit.viewer, filter);
    if (!page) return std::unexpected(page.error());
    older += page->total;
  }
  view.set("older", older).set("older_any", older > 0);
  view.set("older_path",
           "/episodes?" + web::encode_query({{"state", "new"},
                                             {"urgency", "2"},
                                             {"to", day_text(local_day(desk, visit.now) - std::chrono::days(1))}}));
  return {};
}

Result<void> set_reviews(const Desk& desk, const Visit& visit, web::View& view) {
  casework::Incidents incidents(*visit.stores.desk);
  const Result<std::vector<casework::IncidentRow>> due =
      incidents.list(visit.viewer, {.open = true, .review_due = day_text(local_day(desk, visit.now)), .limit = 20});
  if (!due) return std::unexpected(due.error());
  view.list("reviews");
  for (const casework::IncidentRow& row : *due) {
    view.item("reviews")
        .set("path", "/incidents/" + row.id)
        .set("reference", row.reference)
        .set("title", row.title)
        .set("day", day_words(row.review_by));
  }
  view.set("reviews_any", !due->empty());
  return {};
}

Result<void> set_work(const Desk& desk, const Visit& visit, web::View& view) {
  const auto work = visible_work(desk, visit);
  if (!work) return std::unexpected(work.error());
  std::size_t mine = 0, overdue = 0;
  for (const WorkRow& row : *work) {
    if (row.has != visit.viewer.user && !row.has.empty()) continue;
    ++mine;
    overdue += row.overdue ? 1 : 0;
  }
  view.set("work_words", "Mine: " + std::to_string(mine) + " to deal with" +
                             (overdue > 0 ? ", " + std::to_string(overdue) + " overdue" : std::string()));
  return {};
}

Result<void> set_release_asked(const Visit& visit, web::View& view) {
  casework::SealedRelease sealed(*visit.stores.desk);
  const Result<std::vector<casework::ReleaseRequest>> requests = sealed.list(visit.viewer, "", visit.now);
  if (!requests) return std::unexpected(requests.error());
  bool asked = false;
  for (const casework::ReleaseRequest& request : *requests) {
    asked =
        asked || (request.state == casework::ReleaseRequest::State::waiting && request.asked_by != visit.viewer.user);
  }
  view.set("release_asked", asked);
  return {};
}

/// What a leader of safeguarding has before them. Fault host: the records cannot be read.
Result<void> set_leader(const Desk& desk, const Visit& visit, web::View& view) {
  if (auto set = set_waiting(desk, visit, view); !set) return set;
  if (auto set = set_older(desk, visit, view); !set) return set;
  if (auto set = set_reviews(desk, visit, view); !set) return set;
  if (auto set = set_work(desk, visit, view); !set) return set;
  return set_release_asked(visit, view);
}

}  // namespace

void add_home_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::account, "/", [&desk](const Visit& visit) {
    web::View view;
    const identity::Role role = visit.session.role;
    const bool leads = casework::leads_safeguarding(visit.viewer.role);
    view.set("leads", leads);
    view.set("today_words", day_words(local_day(desk, visit.now)));
    if (leads) {
      if (const Result<void> set = set_leader(desk, visit, view); !set) return desk.failed(visit, set.error());
    }
    if (sight(role, Area::page_reports) != Sight::none) {
      casework::PageReports reports(*visit.stores.desk);
      const Result<std::uint64_t> open = reports.open_count();
      if (!open) return desk.failed(visit, open.error());
      view.set("page_reports_open", *open).set("page_reports_any", *open > 0).set("sees_page_reports", true);
      view.set("page_reports_one", *open == 1);
    }
    const Result<std::optional<casework::DeskStore::Canary>> canary = visit.stores.desk->last_canary();
    if (!canary) return desk.failed(visit, canary.error());
    if (*canary && !(*canary)->confirmed && (leads || role == identity::Role::administrator)) {
      view.set("canary_waits", desk.when((*canary)->sent));
    }
    view.set("governor", role == identity::Role::governor);
    view.set("technician", role == identity::Role::technician);
    view.set("administrator", role == identity::Role::administrator);
    return desk.show(visit, "home", std::move(view));
  });

  // The link of the weekly mail that shows that mail arrives.
  desk.get(router, Area::account, "/canary/{token}", [&desk](const Visit& visit) {
    web::View view;
    view.set("token", visit.request.param("token"));
    return desk.show(visit, "canary", std::move(view));
  });
  desk.post(router, Area::account, "/canary/{token}", [&desk](const Visit& visit) {
    const Result<bool> confirmed =
        visit.stores.desk->confirm_canary(visit.request.param("token"), visit.viewer.user, visit.now);
    if (!confirmed) return desk.failed(visit, confirmed.error());
    return *confirmed ? desk.done(visit, "/",
                                  "Recorded: the weekly test mail arrived, confirmed by " + visit.viewer.user + ".")
                      : desk.not_found(visit);
  });
}

}  // namespace schoolgate::console
