// Work: mine and everybody's, days away and the rota, and how each person is told.
#include "console/work_pages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "casework/alerts/notification_choices.h"
#include "console/days.h"
#include "console/episode_words.h"
#include "console/form_problems.h"
#include "identity/users.h"

namespace schoolgate::console {

namespace {

constexpr std::size_t kMostRows = 200;
constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};

void set_work(const Desk& desk, const Visit& visit, const WorkRow& row, web::View& item) {
  item.set("path", row.path).set("words", row.words).set("overdue", row.overdue);
  item.set("due", day_brief(row.work.due)).set("owner", desk.person_words(row.work.owner));
  std::string instead;
  if (row.has.empty())
    instead = "away, and nobody stands in";
  else if (row.has != row.work.owner)
    instead =
        row.has == visit.viewer.user ? "away: you stand in" : "away: " + desk.person_words(row.has) + " stands in";
  item.set_if("instead", instead);
}

web::Response work_page(const Desk& desk, const Visit& visit) {
  const Result<std::vector<WorkRow>> rows = visible_work(desk, visit);
  if (!rows) return desk.failed(visit, rows.error());
  web::View view;
  view.list("mine").list("others");
  std::size_t mine = 0, others = 0;
  for (const WorkRow& row : *rows) {
    const bool is_mine = row.has == visit.viewer.user || row.has.empty();
    std::size_t& count = is_mine ? mine : others;
    if (++count <= kMostRows) set_work(desk, visit, row, view.item(is_mine ? "mine" : "others"));
  }
  view.set("mine_any", mine > 0).set("others_any", others > 0).set("mine_count", mine).set("others_count", others);
  view.set("cut", mine > kMostRows || others > kMostRows);
  return desk.show(visit, "work", std::move(view));
}

void set_choice(web::View& view, std::string_view list, std::string_view value, std::string_view words, bool chosen) {
  view.item(list).set("value", value).set("words", words).set("chosen", chosen);
}

web::Response away_page(const Desk& desk, const Visit& visit, std::string_view problem, int status = 200) {
  const auto duty = casework::DutyBook(*visit.stores.desk).read();
  if (!duty) return desk.failed(visit, duty.error());
  const auto all = colleagues(desk);
  if (!all) return desk.failed(visit, all.error());
  const std::chrono::sys_days today = local_day(desk, visit.now);
  web::View view;
  set_problem(view, visit.request, problem);
  set_typed(view, visit.request.form);
  // So that a page that was opened before a colleague set the rota, or before an absence was noted elsewhere, does not
  // set it back.
  const auto rota = visit.stores.desk->version(casework::kRotaOfDesk);
  if (!rota) return desk.failed(visit, rota.error());
  const auto own = visit.stores.desk->version(casework::absence_of(visit.viewer.user));
  if (!own) return desk.failed(visit, own.error());
  view.set("version", *rota);
  view.object("own").set("version", *own);
  view.list("absences").list("stand_ins").list("days");
  std::string first = day_text(today), last, stand_in;
  for (const auto& [user, absence] : duty->absences) {
    if (absence.last < today) continue;
    view.item("absences")
        .set("who", desk.person_words(user))
        .set("first", day_words(absence.first))
        .set("last", day_words(absence.last))
        .set("instead", absence.stand_in.empty() ? std::string("by the rota") : desk.person_words(absence.stand_in));
    if (user != visit.viewer.user) continue;
    first = day_text(absence.first);
    last = day_text(absence.last);
    stand_in = absence.stand_in;
    view.set("away_words", day_words(absence.first) + " to " + day_words(absence.last));
  }
  const bool posted = visit.request.method == web::Method::post;
  const web::Form& form = visit.request.form;
  view.set("first", posted && form.has("first") ? std::string(form.get("first")) : first);
  view.set("last", posted && form.has("last") ? std::string(form.get("last")) : last);
  set_choice(view, "stand_ins", "", "Whoever the rota names", stand_in.empty());
  for (const casework::Colleague& one : *all)
    if (one.user != visit.viewer.user)
      set_choice(view, "stand_ins", one.user, desk.person_words(one.user), one.user == stand_in);
  for (std::size_t i = 0; i < kDays.size(); ++i) {
    web::View& day = view.item("days");
    day.set("number", i + 1).set("name", kDays[i]);
    set_choice(day, "people", "", "Nobody", duty->rota[i].empty());
    for (const casework::Colleague& one : *all)
      set_choice(day, "people", one.user, desk.person_words(one.user), one.user == duty->rota[i]);
  }
  return desk.show(visit, "work_away", std::move(view), status);
}

std::optional<casework::Colleague> colleague_of(const std::vector<casework::Colleague>& all, std::string_view user) {
  const auto found = std::ranges::find(all, user, &casework::Colleague::user);
  if (found == all.end()) return std::nullopt;
  return *found;
}

web::Response set_absence(const Desk& desk, const Visit& visit) {
  const web::Form& form = visit.request.form;
  casework::DutyBook book(*visit.stores.desk);
  const std::chrono::sys_days today = local_day(desk, visit.now);
  if (form.get("do") == "back") {
    const auto duty = book.read();
    if (!duty) return desk.failed(visit, duty.error());
    const auto noted = duty->absences.find(visit.viewer.user);
    if (noted == duty->absences.end() || noted->second.last < today)
      return away_page(desk, visit, "first day: no days away are noted", 400);
    if (const auto done = book.set_absence(visit.viewer, {}, {}, today, visit.now, seen_version(form)); !done)
      return away_page(desk, visit, done.error().text(), done.error().fault == Fault::client ? 400 : 503);
    return desk.done(visit, "/tasks/away", "You are back: what you own is yours again from now on.");
  }
  const auto first = read_day(form.get("first")), last = read_day(form.get("last"));
  if (!first) return away_page(desk, visit, "first day: write it as 2026-11-23", 400);
  if (!last) return away_page(desk, visit, "last day: write it as 2026-11-23", 400);
  const auto all = colleagues(desk);
  if (!all) return desk.failed(visit, all.error());
  const std::string_view name = form.get("stand_in");
  const auto stand_in = name.empty() ? std::nullopt : colleague_of(*all, name);
  if (!name.empty() && !stand_in) return away_page(desk, visit, "stand-in: there is no such colleague", 400);
  const auto done = book.set_absence(visit.viewer, casework::Absence{*first, *last, {}}, stand_in, today, visit.now,
                                     seen_version(form));
  if (!done) return away_page(desk, visit, done.error().text(), done.error().fault == Fault::client ? 400 : 503);
  return desk.done(visit, "/tasks/away",
                   "You are away from " + day_words(*first) + " to " + day_words(*last) + ". In those days " +
                       (stand_in ? desk.person_words(stand_in->user) : std::string("whoever the rota names")) +
                       " has what you own.");
}

web::Response set_rota(const Desk& desk, const Visit& visit) {
  const auto all = colleagues(desk);
  if (!all) return desk.failed(visit, all.error());
  std::array<casework::Colleague, 7> days;
  std::string words;
  for (std::size_t i = 0; i < days.size(); ++i) {
    const std::string_view user = visit.request.form.get("rota_" + std::to_string(i + 1));
    if (user.empty()) continue;
    const auto one = colleague_of(*all, user);
    if (!one) return away_page(desk, visit, "rota: there is no such colleague", 400);
    days[i] = *one;
    words += (words.empty() ? "" : ", ") + std::string(kDays[i]) + " " + desk.person_words(one->user);
  }
  const auto done =
      casework::DutyBook(*visit.stores.desk).set_rota(visit.viewer, days, visit.now, seen_version(visit.request.form));
  if (!done) return away_page(desk, visit, done.error().text(), done.error().fault == Fault::client ? 400 : 503);
  return desk.done(visit, "/tasks/away",
                   "The rota is set: " + (words.empty() ? std::string("nobody on any day") : words) + ".");
}

std::string two_digits(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

std::string minute_text(int minute) { return two_digits(minute / 60) + ':' + two_digits(minute % 60); }

// "18:30", and what browsers send with seconds.
std::optional<int> minute_from(std::string_view text) {
  if (text.size() < 5 || text[2] != ':') return std::nullopt;
  int hour = -1, minute = -1;
  std::from_chars(text.data(), text.data() + 2, hour);
  std::from_chars(text.data() + 3, text.data() + 5, minute);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

web::Response notifications_page(const Desk& desk, const Visit& visit, std::string_view problem, int status = 200) {
  if (!casework::leads_safeguarding(visit.viewer.role)) return desk.not_found(visit);
  const auto choices = casework::NotificationBook(*visit.stores.desk).read();
  if (!choices) return desk.failed(visit, choices.error());
  casework::NotificationChoice choice;
  if (const auto found = choices->find(visit.viewer.user); found != choices->end()) choice = found->second;
  web::View view;
  set_problem(view, visit.request, problem);
  const bool posted = visit.request.method == web::Method::post;
  const web::Form& form = visit.request.form;
  const bool digest = posted ? form.get("mail") == "digest" : choice.in_digest;
  view.set("digest", digest).set("now", !digest);
  view.set("quiet_from", posted         ? std::string(form.get("quiet_from"))
                         : choice.quiet ? minute_text(choice.quiet->first)
                                        : std::string());
  view.set("quiet_until", posted         ? std::string(form.get("quiet_until"))
                          : choice.quiet ? minute_text(choice.quiet->second)
                                         : std::string());
  return desk.show(visit, "notifications", std::move(view), status);
}

web::Response choose_notifications(const Desk& desk, const Visit& visit) {
  if (!casework::leads_safeguarding(visit.viewer.role)) return desk.not_found(visit);
  const web::Form& form = visit.request.form;
  casework::NotificationChoice choice{.in_digest = form.get("mail") == "digest", .quiet = {}};
  const std::string_view from_text = form.get("quiet_from"), until_text = form.get("quiet_until");
  if (!from_text.empty() || !until_text.empty()) {
    const auto from = minute_from(from_text), until = minute_from(until_text);
    if (!from || !until)
      return notifications_page(desk, visit, "quiet: write both times, such as 18:30 and 07:00", 400);
    choice.quiet = {*from, *until};
  }
  const auto done = casework::NotificationBook(*visit.stores.desk).choose(visit.viewer, choice, visit.now);
  if (!done)
    return notifications_page(desk, visit, done.error().text(), done.error().fault == Fault::client ? 400 : 503);
  return desk.done(visit, "/account/notifications",
                   "Saved for " + visit.viewer.user + ": mail of urgency 3 and below " +
                       (choice.in_digest ? "with the daily digest" : "at once") +
                       (choice.quiet ? ", quiet from " + minute_text(choice.quiet->first) + " to " +
                                           minute_text(choice.quiet->second)
                                     : std::string(", no quiet hours")) +
                       ".");
}

}  // namespace

Result<std::vector<casework::Colleague>> colleagues(const Desk& desk) { return colleagues(desk.parts().users); }

Result<std::vector<casework::Colleague>> colleagues(identity::UserDatabase& database) {
  const Result<std::vector<identity::User>> users = identity::Users(database).all();
  if (!users) return std::unexpected(users.error());
  std::vector<casework::Colleague> all;
  for (const identity::User& user : *users) {
    const auto role = casework::role_from(identity::to_string(user.role));
    if (!user.disabled && role && casework::leads_safeguarding(*role))
      all.push_back({.user = user.user, .role = *role});
  }
  return all;
}

Result<casework::Duty> duty_of(const Desk& desk, const Visit& visit) {
  auto duty = casework::DutyBook(*visit.stores.desk).read();
  const auto all = colleagues(desk);
  if (!all) return std::unexpected(all.error());
  if (!duty) return duty;
  duty->leaders.emplace();
  for (const casework::Colleague& one : *all) duty->leaders->insert(one.user);
  return duty;
}

Result<void> set_owners(const Desk& desk, const Visit& visit, std::string_view chosen, web::View& view) {
  const auto all = colleagues(desk);
  if (!all) return std::unexpected(all.error());
  view.list("owners");
  for (const casework::Colleague& one : *all)
    set_choice(view, "owners", one.user,
               one.user == visit.viewer.user ? std::string("You") : desk.person_words(one.user), one.user == chosen);
  view.set("due_day", day_text(local_day(desk, visit.now) + std::chrono::days(7)));
  return {};
}

Result<casework::Assigned> assigned_of(const Desk& desk, const Visit& visit) {
  const web::Form& form = visit.request.form;
  const auto all = colleagues(desk);
  if (!all) return std::unexpected(all.error());
  const auto owner = colleague_of(*all, form.get("owner"));
  if (!owner) return fail(Fault::client, "owner: there is no such colleague");
  const auto due = read_day(form.get("due"));
  if (!due) return fail(Fault::client, "day: write it as 2026-11-23");
  return casework::Assigned{.owner = *owner, .due = *due, .today = local_day(desk, visit.now)};
}

Result<std::vector<WorkRow>> visible_work(const Desk& desk, const Visit& visit) {
  const auto all = casework::Assignments(*visit.stores.desk).open();
  if (!all) return std::unexpected(all.error());
  std::vector<WorkRow> rows;
  if (all->empty()) return rows;
  const auto duty = duty_of(desk, visit);
  if (!duty) return std::unexpected(duty.error());
  const std::chrono::sys_days today = local_day(desk, visit.now);
  std::map<std::string, std::optional<casework::Incident>> incidents;
  for (const casework::Work& work : *all) {
    WorkRow row{
        .work = work, .path = {}, .words = {}, .has = duty->who_has(work.owner, today), .overdue = work.due < today};
    if (work.incident.empty()) {
      const auto episode = visit.stores.episodes->find_row(visit.viewer, work.about);
      if (!episode) return std::unexpected(episode.error());
      if (!*episode) continue;
      row.path = "/episodes/" + work.about;
      row.words = theme_words((*episode)->theme, (*episode)->illegal) + ", " + who_words(desk, **episode);
    } else {
      auto known = incidents.find(work.incident);
      if (known == incidents.end()) {
        auto incident = casework::Incidents(*visit.stores.desk).find(visit.viewer, work.incident);
        if (!incident) return std::unexpected(incident.error());
        known = incidents.emplace(work.incident, *std::move(incident)).first;
      }
      if (!known->second) continue;
      row.path = "/incidents/" + work.incident;
      row.words = work.what + " (incident " + known->second->reference + ")";
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void add_work_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::incidents, "/tasks", [&desk](const Visit& visit) { return work_page(desk, visit); });
  desk.get(router, Area::incidents, "/tasks/away", [&desk](const Visit& visit) { return away_page(desk, visit, ""); });
  desk.post(router, Area::incidents, "/tasks/absence",
            [&desk](const Visit& visit) { return set_absence(desk, visit); });
  desk.post(router, Area::incidents, "/tasks/rota", [&desk](const Visit& visit) { return set_rota(desk, visit); });
  desk.get(router, Area::account, "/account/notifications",
           [&desk](const Visit& visit) { return notifications_page(desk, visit, ""); });
  desk.post(router, Area::account, "/account/notifications",
            [&desk](const Visit& visit) { return choose_notifications(desk, visit); });
}

}  // namespace schoolgate::console
