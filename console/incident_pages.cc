// Incidents: the list, a new one from episodes, and one with its people, assessment, actions, notes, hold, letter and
// end.
#include "casework/incidents.h"

#include <algorithm>

#include "casework/parent_letter.h"
#include "casework/shown_text.h"
#include "console/days.h"
#include "console/desk.h"
#include "console/documents.h"
#include "console/episode_words.h"
#include "console/form_problems.h"
#include "console/work_pages.h"

namespace schoolgate::console {

namespace {

using casework::Incident;
using casework::Incidents;

constexpr std::size_t kIncidentsAPage = 50;
constexpr std::array kRoles{casework::SubjectRole::child, casework::SubjectRole::bystander,
                            casework::SubjectRole::alleged, casework::SubjectRole::staff};
constexpr std::array kAssessments{casework::Assessment::concern, casework::Assessment::accidental,
                                  casework::Assessment::curriculum, casework::Assessment::background,
                                  casework::Assessment::false_positive};
constexpr std::array kActions{casework::ActionKind::spoke_to_child,
                              casework::ActionKind::parent_informed,
                              casework::ActionKind::police,
                              casework::ActionKind::iwf,
                              casework::ActionKind::ceop,
                              casework::ActionKind::prevent,
                              casework::ActionKind::lado,
                              casework::ActionKind::local_authority,
                              casework::ActionKind::social_care,
                              casework::ActionKind::device_secured,
                              casework::ActionKind::blocked_for_all,
                              casework::ActionKind::other};

void set_option(web::View& view, std::string_view list, std::string_view value, std::string_view words, bool chosen) {
  view.item(list).set("value", value).set("words", words).set("chosen", chosen);
}

void set_roles(web::View& view) {
  for (const casework::SubjectRole role : kRoles) {
    set_option(view, "roles", casework::to_string(role), theme_words(casework::to_string(role)), false);
  }
}

web::Response incidents_page(const Desk& desk, const Visit& visit) {
  const web::Form& query = visit.request.query;
  casework::IncidentFilter filter;
  const std::string_view state = query.get("state");
  if (state != "all") filter.open = state != "closed";
  filter.limit = kIncidentsAPage;
  filter.offset = static_cast<std::size_t>(query.number("page", 1, 100'000).value_or(1) - 1) * kIncidentsAPage;
  const auto rows = Incidents(*visit.stores.desk).list(visit.viewer, filter);
  if (!rows) return desk.failed(visit, rows.error());
  web::View view;
  view.list("incidents").set("incidents_any", !rows->empty());
  for (const casework::IncidentRow& row : *rows) {
    std::string people;
    for (const std::string& person : row.people) people += (people.empty() ? "" : ", ") + desk.person_words(person);
    view.item("incidents")
        .set("path", "/incidents/" + row.id)
        .set("reference", row.reference)
        .set("title", row.title)
        .set("people", people)
        .set("opened", desk.when(row.opened))
        .set("state", row.closed ? "Closed " + desk.when(*row.closed) : std::string("Open"))
        .set("review", row.closed ? std::string() : day_words(row.review_by))
        .set("assessment", row.assessment == casework::Assessment::none
                               ? std::string("Not assessed yet")
                               : theme_words(casework::to_string(row.assessment)))
        .set("hold", row.hold);
  }
  view.set("state_open", state != "all" && state != "closed").set("state_closed", state == "closed");
  view.set("state_all", state == "all");
  const std::size_t number = filter.offset / kIncidentsAPage + 1;
  const std::string base = "/incidents?" + (state.empty() ? std::string() : "state=" + std::string(state) + "&");
  const bool known = state == "all" || state == "closed" || state.empty() || state == "open";
  view.set("page_number", number);
  view.set_if("previous", known && number > 1 ? base + "page=" + std::to_string(number - 1) : std::string());
  view.set_if("next",
              known && rows->size() == kIncidentsAPage ? base + "page=" + std::to_string(number + 1) : std::string());
  return desk.show(visit, "incidents", std::move(view));
}

web::Response new_page(const Desk& desk, const Visit& visit, std::string_view problem, int status = 200) {
  const bool posted = visit.request.method == web::Method::post;
  const web::Form& given = posted ? visit.request.form : visit.request.query;
  web::View view;
  set_problem(view, visit.request, problem);
  view.list("episodes");
  std::string title = given.text("title", 200).value_or(""), person = given.text("person", 200).value_or("");
  bool any = false;
  for (const std::string_view id : given.all("episode")) {
    const auto row = visit.stores.episodes->find_row(visit.viewer, id);
    if (!row) return desk.failed(visit, row.error());
    if (!*row) continue;
    set_row(desk, view.item("episodes"), **row);
    any = true;
    if (title.empty()) title = theme_words((*row)->theme, (*row)->illegal);
    if (!posted && person.empty()) person = (*row)->person;
  }
  view.set("episodes_any", any).set("incident_title", title).set("subject", person);
  set_roles(view);
  set_typed(view, given);
  return desk.show(visit, "incident_new", std::move(view), status);
}

/// What holds now.
void set_facts(const Desk& desk, const Incident& incident, web::View& view) {
  view.set("id", incident.id).set("reference", incident.reference).set("heading", incident.title);
  view.set("opened", desk.when(incident.opened) + " by " + incident.opened_by);
  view.set("closed", incident.closed.has_value());
  if (incident.closed) {
    view.set("closed_words", desk.when(*incident.closed) + " by " + incident.closed_by)
        .set("outcome", incident.outcome);
  }
  view.set("assessed", incident.assessment != casework::Assessment::none);
  view.set("assessment", theme_words(casework::to_string(incident.assessment)));
  view.set_if("assessment_reason", incident.assessment_reason);
  if (incident.assessed_at) {
    view.set("assessed_words", incident.assessed_by + ", " + desk.when(*incident.assessed_at));
  }
  view.set("hold", incident.hold).set("hold_words", incident.hold_reason + " (" + incident.hold_by + ")");
  view.set("lessons", incident.lessons).set("policy_change", incident.policy_change);
  view.set("case_reference", incident.case_reference);
  view.set("review_by", incident.review_by).set_if("review_words", day_words(incident.review_by));
}

/// What was typed into a form that failed stays in it; else the value that holds.
void set_typed_or_held(const Visit& visit, const Incident& incident, web::View& view) {
  web::View& form = view.object("form");
  const auto typed_or = [&](std::string_view name, const std::string& value) {
    form.set(name, visit.request.form.has(name) ? visit.request.form.get(name) : std::string_view(value));
  };
  typed_or("lessons", incident.lessons);
  typed_or("policy_change", incident.policy_change);
  typed_or("case_reference", incident.case_reference);
  typed_or("day", incident.review_by);
}

void set_subjects_and_actions(const Desk& desk, const Incident& incident, web::View& view) {
  view.list("subjects").list("actions");
  view.set("subjects_any", !incident.subjects.empty()).set("actions_any", !incident.actions.empty());
  for (const casework::IncidentSubject& subject : incident.subjects) {
    view.item("subjects")
        .set("person", subject.person)
        .set("words", desk.person_words(subject.person))
        .set("role", theme_words(casework::to_string(subject.role)))
        .set_if("year_group", subject.year_group)
        .set("vulnerable", subject.vulnerable);
  }
  for (const casework::IncidentAction& action : incident.actions) {
    view.item("actions")
        .set("date", day_words(action.date))
        .set("title", casework::action_title(action.kind))
        .set("who", action.who)
        .set("how", action.how)
        .set("case", action.reference)
        .set("id", action.id)
        .set("recorded", action.recorded_by + ", " + desk.when(action.recorded_at))
        .set_if("struck", action.struck_at ? "Struck through by " + action.struck_by + ", " +
                                                 desk.when(*action.struck_at) + ": " + action.struck_why
                                           : std::string());
  }
}

void set_history(const Desk& desk, const Incident& incident, web::View& view) {
  view.list("history").list("notes");
  for (const casework::Entry& entry : incident.history) {
    const bool is_chosen = entry.field == "assessment" && !entry.choice.empty();
    view.item("history")
        .set("field", theme_words(entry.field))
        .set("author", (entry.by.empty() ? std::string("author not recorded") : entry.by) + ", " + desk.when(entry.at))
        .set_if("choice", is_chosen                        ? theme_words(entry.choice)
                          : entry.field == "struck action" ? ""
                                                           : entry.choice)
        .set_if("text", entry.field == "review" ? day_words(entry.text) : entry.text);
  }
  view.set("history_any", !incident.history.empty());
  for (const casework::IncidentNote& note : incident.notes) {
    view.item("notes").set("by", note.by).set("at", desk.when(note.at)).set("text", note.text);
  }
}

void set_incident(const Desk& desk, const Visit& visit, const Incident& incident, web::View& view) {
  set_facts(desk, incident, view);
  set_typed_or_held(visit, incident, view);
  view.set("today", day_text(local_day(desk, visit.now)));
  view.set("open", !incident.closed).set("changeable", visit.may_change && !incident.closed);
  view.list("episodes");
  set_subjects_and_actions(desk, incident, view);
  set_history(desk, incident, view);
  set_roles(view);
  for (const casework::Assessment assessment : kAssessments) {
    set_option(view, "assessments", casework::to_string(assessment), theme_words(casework::to_string(assessment)),
               assessment == incident.assessment);
  }
  for (const casework::ActionKind kind : kActions) {
    set_option(view, "action_kinds", casework::to_string(kind), casework::action_title(kind), false);
  }
}

/// The incident of the path, when the viewer may see it; that it was looked at is recorded for each of its people.
Result<std::optional<Incident>> incident_of(const Visit& visit) {
  Result<std::optional<Incident>> found = Incidents(*visit.stores.desk).find(visit.viewer, visit.request.param("id"));
  if (!found || !*found) return found;
  const std::vector<casework::IncidentSubject>& subjects = (*found)->subjects;
  for (std::size_t i = 0; i < std::max<std::size_t>(subjects.size(), 1); ++i) {
    const Result<void> recorded = visit.stores.desk->record_view(
        visit.viewer, (*found)->id, i < subjects.size() ? std::string_view(subjects[i].person) : "", visit.now);
    if (!recorded) return std::unexpected(recorded.error());
  }
  return found;
}

/// What is to be done, by whom and when, and the forms about it.
Result<void> set_to_do(const Desk& desk, const Visit& visit, const std::string& incident, web::View& view) {
  const auto all = casework::Assignments(*visit.stores.desk).of_incident(incident);
  if (!all) return std::unexpected(all.error());
  const std::chrono::sys_days today = local_day(desk, visit.now);
  view.list("to_dos").list("open_to_dos");
  bool open_any = false;
  for (const casework::Work& work : *all) {
    web::View& item = view.item("to_dos");
    item.set("what", work.what).set("owner", desk.person_words(work.owner)).set("due", day_words(work.due));
    item.set("overdue", !work.done_at && work.due < today);
    item.set_if("done", work.done_at ? work.done_by + ", " + desk.when(*work.done_at) : std::string());
    item.set_if("how", work.done_how);
    if (work.done_at) continue;
    open_any = true;
    const std::string what = work.what.size() <= 60 ? work.what : work.what.substr(0, work.what.find(' ', 50)) + " …";
    view.item("open_to_dos").set("id", work.about).set("what", what).set("owner", desk.person_words(work.owner));
  }
  view.set("to_dos_any", !all->empty()).set("open_to_dos_any", open_any);
  return set_owners(desk, visit, visit.viewer.user, view);
}

web::Response incident_page(const Desk& desk, const Visit& visit, std::string_view problem, int status = 200) {
  const Result<std::optional<Incident>> found = incident_of(visit);
  if (!found) return desk.failed(visit, found.error());
  if (!*found) return desk.not_found(visit);
  web::View view;
  set_problem(view, visit.request, problem);
  set_incident(desk, visit, **found, view);
  for (const std::string& id : (*found)->episodes) {
    const auto row = visit.stores.episodes->find_row(visit.viewer, id);
    if (!row) return desk.failed(visit, row.error());
    if (*row) set_row(desk, view.item("episodes"), **row);
  }
  view.set("episodes_any", !(*found)->episodes.empty());
  if (const Result<void> set = set_to_do(desk, visit, (*found)->id, view); !set) return desk.failed(visit, set.error());
  set_typed(view, visit.request.form);
  const Result<bool> stale = desk.set_version(visit, (*found)->reference, view);
  if (!stale) return desk.failed(visit, stale.error());
  return desk.show(visit, "incident", std::move(view), *stale ? 409 : status);
}

/// What a form did, in words that follow the incident's reference.
Result<std::string> told(const Result<void>& done, std::string words) {
  if (!done) return std::unexpected(done.error());
  return words;
}

/// A form of an incident: `change` does it and says what; then the page again with that, or with why not.
void add_form(Desk& desk, web::Router& router, std::string_view name,
              std::function<Result<std::string>(Incidents&, const Visit&, std::string_view id)> change) {
  desk.post(router, Area::incidents, "/incidents/{id}/" + std::string(name),
            [&desk, change = std::move(change)](const Visit& visit) {
              Incidents incidents(*visit.stores.desk, seen_version(visit.request.form));
              const std::string id(visit.request.param("id"));
              const Result<std::string> changed = change(incidents, visit, id);
              if (!changed) {
                return incident_page(desk, visit, changed.error().text(),
                                     changed.error().fault == Fault::client ? 400 : 503);
              }
              const auto incident = incidents.find(visit.viewer, id);
              if (!incident) return desk.failed(visit, incident.error());
              const std::string reference = *incident ? (*incident)->reference : std::string();
              return desk.done(visit, "/incidents/" + id, "Incident " + reference + ": " + *changed + ".");
            });
}

/// A form about what is to be done: `change` gets the incident as this viewer may see it.
void add_to_do_form(Desk& desk, web::Router& router, std::string_view name,
                    std::function<Result<std::string>(casework::Assignments&, const Visit&, const Incident&)> change) {
  add_form(desk, router, name,
           [change = std::move(change)](Incidents& incidents, const Visit& visit,
                                        std::string_view id) -> Result<std::string> {
             const auto incident = incidents.find(visit.viewer, id);
             if (!incident) return std::unexpected(incident.error());
             if (!*incident) return fail(Fault::client, "there is no such incident");
             casework::Assignments assignments(*visit.stores.desk);
             return change(assignments, visit, **incident);
           });
}

void add_to_do_forms(Desk& desk, web::Router& router) {
  add_to_do_form(
      desk, router, "to-do",
      [&desk](casework::Assignments& all, const Visit& visit, const Incident& incident) -> Result<std::string> {
        const auto assigned = assigned_of(desk, visit);
        if (!assigned) return std::unexpected(assigned.error());
        return told(
            all.add_to_do(visit.viewer, incident, visit.request.form.get("what"), *assigned, visit.now),
            "one thing to do for " + desk.person_words(assigned->owner.user) + ", by " + day_words(assigned->due));
      });
  add_to_do_form(
      desk, router, "to-do-give",
      [&desk](casework::Assignments& all, const Visit& visit, const Incident& incident) -> Result<std::string> {
        const auto assigned = assigned_of(desk, visit);
        if (!assigned) return std::unexpected(assigned.error());
        return told(all.give(visit.viewer, incident, visit.request.form.get("to_do"), *assigned, visit.now),
                    "one thing to do is with " + desk.person_words(assigned->owner.user) + " now, by " +
                        day_words(assigned->due));
      });
  add_to_do_form(desk, router, "to-do-done",
                 [](casework::Assignments& all, const Visit& visit, const Incident& incident) -> Result<std::string> {
                   const web::Form& form = visit.request.form;
                   return told(all.finish(visit.viewer, incident, form.get("to_do"), form.get("how"), visit.now),
                               "one thing to do is done, with your name and the time");
                 });
}

/// From the day of the first episode to today, at the school.
Result<casework::ActionDays> action_days(const Desk& desk, const Visit& visit, Incidents& incidents,
                                         std::string_view id) {
  casework::ActionDays days{.first = {}, .today = day_text(local_day(desk, visit.now))};
  const auto incident = incidents.find(visit.viewer, id);
  if (!incident) return std::unexpected(incident.error());
  if (!*incident) return days;
  for (const std::string& episode : (*incident)->episodes) {
    const auto row = visit.stores.episodes->find_row(visit.viewer, episode);
    if (!row) return std::unexpected(row.error());
    if (!*row) continue;
    std::string day = day_text(local_day(desk, (*row)->first));
    if (days.first.empty() || day < days.first) days.first = std::move(day);
  }
  return days;
}

/// Notes, the assessment and the actions.
void add_writing_forms(Desk& desk, web::Router& router) {
  add_form(desk, router, "note", [](Incidents& incidents, const Visit& visit, std::string_view id) {
    return told(incidents.add_note(visit.viewer, id, visit.request.form.get("text"), visit.now),
                "one note added. It cannot be changed afterwards; write another one to correct it");
  });
  add_form(desk, router, "assess",
           [](Incidents& incidents, const Visit& visit, std::string_view id) -> Result<std::string> {
             const web::Form& form = visit.request.form;
             const auto assessment = casework::assessment_from(form.get("assessment"));
             if (!assessment) return fail(Fault::client, "no assessment was chosen", "choose an assessment");
             return told(incidents.assess(visit.viewer, id, *assessment, form.get("reason"), visit.now),
                         "assessed as " + theme_words(casework::to_string(*assessment)));
           });
  add_form(desk, router, "action",
           [&desk](Incidents& incidents, const Visit& visit, std::string_view id) -> Result<std::string> {
             const web::Form& form = visit.request.form;
             const auto kind = casework::action_kind_from(form.get("kind"));
             if (!kind) return fail(Fault::client, "no action was chosen", "choose an action");
             const casework::IncidentAction action{.id = {},
                                                   .kind = *kind,
                                                   .date = std::string(form.get("date")),
                                                   .who = std::string(form.get("who")),
                                                   .how = std::string(form.get("how")),
                                                   .reference = std::string(form.get("reference")),
                                                   .recorded_by = {},
                                                   .recorded_at = {}};
             const Result<casework::ActionDays> days = action_days(desk, visit, incidents, id);
             if (!days) return std::unexpected(days.error());
             return told(incidents.add_action(visit.viewer, id, action, visit.now, *days),
                         "one action recorded, " + std::string(casework::action_title(*kind)) + ", " + action.date);
           });
  add_form(desk, router, "action-strike", [](Incidents& incidents, const Visit& visit, std::string_view id) {
    const web::Form& form = visit.request.form;
    return told(incidents.strike_action(visit.viewer, id, form.get("action"), form.get("why"), visit.now),
                "one action struck through, with your name and the reason");
  });
}

/// People and episodes that it is about.
void add_part_forms(Desk& desk, web::Router& router) {
  add_form(desk, router, "subject", [&desk](Incidents& incidents, const Visit& visit, std::string_view id) {
    const web::Form& form = visit.request.form;
    const casework::IncidentSubject subject{
        .person = std::string(form.get("person")),
        .role = casework::subject_role_from(form.get("role")).value_or(casework::SubjectRole::child),
        .year_group = std::string(form.get("year_group")),
        .vulnerable = form.has("vulnerable")};
    return told(
        incidents.set_subject(visit.viewer, id, subject, visit.now),
        desk.person_words(subject.person) + " is recorded as " + std::string(casework::to_string(subject.role)));
  });
  add_form(desk, router, "subject-remove", [&desk](Incidents& incidents, const Visit& visit, std::string_view id) {
    const std::string person(visit.request.form.get("person"));
    return told(incidents.remove_subject(visit.viewer, id, person, visit.now),
                desk.person_words(person) + " is no longer part of it");
  });
  add_form(desk, router, "episode",
           [&desk](Incidents& incidents, const Visit& visit, std::string_view id) -> Result<std::string> {
             const auto row = visit.stores.episodes->find_row(visit.viewer, visit.request.form.get("episode"));
             if (!row) return std::unexpected(row.error());
             if (!*row) return fail(Fault::client, "there is no such episode", "copy its reference from its page");
             return told(incidents.add_episode(visit.viewer, id, (*row)->id, visit.now),
                         "episode " + (*row)->reference + " of " + who_words(desk, **row) + " is part of it now");
           });
}

/// Its fields, and its way to the end.
void add_state_forms(Desk& desk, web::Router& router) {
  add_form(desk, router, "lessons", [](Incidents& incidents, const Visit& visit, std::string_view id) {
    return told(incidents.set_lessons(visit.viewer, id, visit.request.form.get("lessons"),
                                      visit.request.form.get("policy_change"), visit.now),
                "lessons saved");
  });
  add_form(desk, router, "case-reference", [](Incidents& incidents, const Visit& visit, std::string_view id) {
    return told(incidents.set_case_reference(visit.viewer, id, visit.request.form.get("case_reference"), visit.now),
                "the case system's reference is saved");
  });
  add_form(desk, router, "review", [](Incidents& incidents, const Visit& visit, std::string_view id) {
    const std::string day(visit.request.form.get("day"));
    return told(incidents.set_review(visit.viewer, id, day, visit.now),
                day.empty() ? std::string("no review any more") : "review by " + day);
  });
  add_form(desk, router, "hold", [](Incidents& incidents, const Visit& visit, std::string_view id) {
    return told(incidents.set_hold(visit.viewer, id, true, visit.request.form.get("reason"), visit.now),
                "under legal hold, so nothing of it will be deleted and no letter is drafted");
  });
  add_form(desk, router, "hold-lift", [](Incidents& incidents, const Visit& visit, std::string_view id) {
    return told(incidents.set_hold(visit.viewer, id, false, visit.request.form.get("reason"), visit.now),
                "the legal hold is lifted");
  });
  add_form(desk, router, "close", [](Incidents& incidents, const Visit& visit, std::string_view id) {
    return told(incidents.close(visit.viewer, id, visit.request.form.get("outcome"), visit.now), "closed");
  });
  add_form(desk, router, "reopen", [](Incidents& incidents, const Visit& visit, std::string_view id) {
    return told(incidents.reopen(visit.viewer, id, visit.request.form.get("reason"), visit.now), "open again");
  });
}

/// Everything that the letter may speak of: each of the incident's episodes that can be seen, oldest first.
Result<casework::LetterFacts> letter_facts(const Desk& desk, const Visit& visit, const Incident& incident) {
  const web::Form& form = visit.request.form;
  casework::LetterFacts facts{.school = desk.parts().school,
                              .salutation = form.text("salutation", 200).value_or(""),
                              .child = form.text("child", 100).value_or(""),
                              .place = form.text("place", 200).value_or(""),
                              .episodes = {},
                              .child_account = {},
                              .assessed_as = std::string(casework::to_string(incident.assessment)),
                              .school_did = form.text("school_did", 2000).value_or(""),
                              .child_was_told = form.text("child_was_told", 2000).value_or(""),
                              .contact = form.text("contact", 300).value_or(""),
                              .hold = incident.hold};
  for (const casework::IncidentSubject& subject : incident.subjects)
    if (facts.child_account.empty() && subject.role == casework::SubjectRole::child)
      facts.child_account = subject.person;
  std::vector<casework::EpisodeRow> rows;
  for (const std::string& id : incident.episodes) {
    auto row = visit.stores.episodes->find_row(visit.viewer, id);
    if (!row) return std::unexpected(row.error());
    if (*row) rows.push_back(**std::move(row));
  }
  std::ranges::sort(rows, {}, &casework::EpisodeRow::first);
  for (const casework::EpisodeRow& row : rows)
    facts.episodes.push_back({.reference = row.reference,
                              .theme = row.theme,
                              .person = row.person,
                              .date = casework::date_text(desk.clock(), row.first),
                              .illegal = row.illegal,
                              .attempts = row.attempts,
                              .let_through = row.let_through});
  return facts;
}

std::vector<std::string> people_of(const Incident& incident) {
  std::vector<std::string> people;
  for (const casework::IncidentSubject& subject : incident.subjects) people.push_back(subject.person);
  // The first is the child whose parents get the letter.
  if (!people.empty()) people.erase(people.begin());
  return people;
}

web::Response letter_page(const Desk& desk, const Visit& visit) {
  const Result<std::optional<Incident>> found = incident_of(visit);
  if (!found) return desk.failed(visit, found.error());
  if (!*found) return desk.not_found(visit);
  const Incident& incident = **found;
  web::View view;
  view.set("id", incident.id).set("reference", incident.reference).set("hold", incident.hold);
  set_typed(view, visit.request.form);
  const std::string edited(visit.request.form.get("letter"));
  std::string letter;
  const Result<casework::LetterFacts> facts = letter_facts(desk, visit, incident);
  if (!facts) return desk.failed(visit, facts.error());
  int status = 200;
  if (visit.request.method == web::Method::post) {
    if (!edited.empty() && visit.request.form.get("do") != "draft") {
      letter = edited;
    } else {
      const Result<std::string> draft = casework::draft_parent_letter(*facts);
      if (!draft) {
        view.set("problem", draft.error().text());
        status = 400;
      } else {
        letter = *draft;
      }
    }
    const bool wants_pdf = !letter.empty() && visit.request.form.get("do") == "pdf" && !incident.hold;
    const std::vector<std::string> wrong =
        wants_pdf ? casework::letter_contradictions(letter, *facts) : std::vector<std::string>();
    if (!wrong.empty()) {
      view.set("problem", "The letter contradicts the record: " + wrong.front() + ".");
      status = 400;
    } else if (wants_pdf) {
      Result<std::string> pdf = text_pdf("Letter " + incident.reference, letter, visit.now);
      if (!pdf) return desk.failed(visit, pdf.error());
      return web::attachment("application/pdf", std::move(*pdf), "letter-" + incident.reference + ".pdf");
    }
  }
  view.list("letter_problems");
  std::vector<std::string> problems =
      letter.empty() ? std::vector<std::string>() : casework::letter_problems(letter, people_of(incident));
  if (!letter.empty()) std::ranges::copy(casework::letter_contradictions(letter, *facts), std::back_inserter(problems));
  for (const std::string& problem : problems) view.item("letter_problems").set("text", problem);
  view.set("letter_problems_any", !problems.empty());
  view.set_if("letter", letter);
  return desk.show(visit, "letter", std::move(view), status);
}

}  // namespace

void add_incident_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::incidents, "/incidents", [&desk](const Visit& visit) { return incidents_page(desk, visit); });
  desk.get(router, Area::incidents, "/incidents/new",
           [&desk](const Visit& visit) { return new_page(desk, visit, ""); });
  desk.post(router, Area::incidents, "/incidents", [&desk](const Visit& visit) {
    const web::Form& form = visit.request.form;
    Incidents::Opening opening{.title = std::string(form.get("title")), .episodes = {}, .subjects = {}};
    for (const std::string_view id : form.all("episode")) opening.episodes.emplace_back(id);
    if (const std::string_view person = form.get("person"); !person.empty()) {
      opening.subjects.push_back(
          {.person = std::string(person),
           .role = casework::subject_role_from(form.get("role")).value_or(casework::SubjectRole::child),
           .year_group = std::string(form.get("year_group")),
           .vulnerable = form.has("vulnerable")});
    }
    const Result<std::string> id = Incidents(*visit.stores.desk).open(visit.viewer, opening, visit.now);
    if (!id) return new_page(desk, visit, id.error().text(), id.error().fault == Fault::client ? 400 : 503);
    return desk.done(visit, "/incidents/" + *id,
                     "The incident is open, with " + std::to_string(opening.episodes.size()) + " episodes and " +
                         std::to_string(opening.subjects.size()) +
                         " people. Everything you do here is recorded with your name and the time.");
  });
  desk.get(router, Area::incidents, "/incidents/{id}",
           [&desk](const Visit& visit) { return incident_page(desk, visit, ""); });
  add_writing_forms(desk, router);
  add_part_forms(desk, router);
  add_state_forms(desk, router);
  add_to_do_forms(desk, router);
  desk.get(router, Area::incidents, "/incidents/{id}/letter",
           [&desk](const Visit& visit) { return letter_page(desk, visit); });
  desk.post(router, Area::incidents, "/incidents/{id}/letter",
            [&desk](const Visit& visit) { return letter_page(desk, visit); });
  desk.get(router, Area::incidents, "/incidents/{id}/record.pdf", [&desk](const Visit& visit) {
    const Result<std::optional<Incident>> found = incident_of(visit);
    if (!found) return desk.failed(visit, found.error());
    if (!*found) return desk.not_found(visit);
    std::vector<IncidentEpisode> episodes;
    for (const std::string& id : (*found)->episodes) {
      auto episode = visit.stores.episodes->find(visit.viewer, id);
      if (!episode) return desk.failed(visit, episode.error());
      if (!*episode) continue;
      auto slip = slip_of(desk, visit, **episode);
      if (!slip) return desk.failed(visit, slip.error());
      episodes.push_back({.slip = *std::move(slip), .entries = (*episode)->entries});
    }
    Result<std::string> pdf = incident_pdf(**found, episodes, desk.parts().school, desk.clock(), visit.now);
    if (!pdf) return desk.failed(visit, pdf.error());
    return web::attachment("application/pdf", std::move(*pdf), "incident-" + (*found)->reference + ".pdf");
  });
}

}  // namespace schoolgate::console
