#include "casework/incidents.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/uuid.h"
#include "casework/shown_text.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

constexpr std::string_view kStruck = "struck action";  // an entry's choice is the action's id
constexpr std::array<std::string_view, 4> kRoles = {"child", "bystander", "alleged", "staff"};

struct ActionName {
  std::string_view id, title;
};
constexpr std::array<ActionName, 12> kActions = {{{"spoke-to-child", "Spoke to the child"},
                                                  {"parent-informed", "Parent or carer informed"},
                                                  {"police", "Referred to the police"},
                                                  {"iwf", "Reported to the Internet Watch Foundation"},
                                                  {"ceop", "Reported to CEOP"},
                                                  {"prevent", "Prevent referral"},
                                                  {"lado", "Referred to the LADO"},
                                                  {"local-authority", "Referred to the local authority"},
                                                  {"social-care", "Referred to children's social care"},
                                                  {"device-secured", "Device secured"},
                                                  {"blocked-for-all", "Blocked for every group"},
                                                  {"other", "Other"}}};

std::unexpected<Error> refuse(std::string what) { return fail(Fault::client, std::move(what)); }

// "2026-11-23" of the calendar, and nothing else.
bool is_day(std::string_view text) { return text.size() == 10 && from_rfc3339(text).has_value(); }

Result<IncidentSubject> fit(IncidentSubject subject) {
  auto person = typed_text("person", subject.person, 200);
  if (!person) return std::unexpected(person.error());
  if (person->empty()) return refuse("a subject needs a name or an account");
  auto year = typed_text("year group", subject.year_group, 50);
  if (!year) return std::unexpected(year.error());
  subject.person = *std::move(person);
  subject.year_group = *std::move(year);
  return subject;
}

// What is said of a person in an incident; entries of earlier releases are made of the same words (entries.cc).
std::string subject_words(const IncidentSubject& subject) {
  std::string words(to_string(subject.role));
  if (!subject.year_group.empty()) words += ", year group " + subject.year_group;
  if (subject.vulnerable) words += ", vulnerable";
  return words;
}

}  // namespace

std::string_view to_string(SubjectRole role) noexcept { return kRoles[std::size_t(role)]; }

std::optional<SubjectRole> subject_role_from(std::string_view text) noexcept {
  const auto found = std::ranges::find(kRoles, text);
  if (found == kRoles.end()) return std::nullopt;
  return SubjectRole(found - kRoles.begin());
}

std::string_view to_string(ActionKind kind) noexcept { return kActions[std::size_t(kind)].id; }
std::string_view action_title(ActionKind kind) noexcept { return kActions[std::size_t(kind)].title; }

std::optional<ActionKind> action_kind_from(std::string_view text) noexcept {
  const auto found = std::ranges::find(kActions, text, &ActionName::id);
  if (found == kActions.end()) return std::nullopt;
  return ActionKind(found - kActions.begin());
}

Result<std::string> Incidents::open(const Viewer& viewer, const Opening& opening, TimePoint now) {
  if (!leads_safeguarding(viewer.role)) return refuse("only safeguarding leads open incidents");
  auto title = typed_text("title", opening.title, 200);
  if (!title) return std::unexpected(title.error());
  if (title->empty()) return refuse("an incident needs a title");
  if (opening.episodes.size() > 200) return refuse("more than 200 episodes");
  if (opening.subjects.size() > 50) return refuse("more than 50 people");
  std::vector<IncidentSubject> subjects;
  for (const IncidentSubject& subject : opening.subjects) {
    auto kept = fit(subject);
    if (!kept) return std::unexpected(kept.error());
    if (is_viewer(viewer, kept->person)) return refuse("you cannot open an incident about yourself");
    if (std::ranges::find(subjects, kept->person, &IncidentSubject::person) != subjects.end())
      return refuse("'" + kept->person + "' is named twice");
    subjects.push_back(*std::move(kept));
  }
  const Uuid id = Uuid::v7(now);
  store::Database& database = desk_.database();
  auto done = desk_.change([&]() -> Result<void> {
    auto put =
        execute(database, "INSERT INTO incidents(id, reference, title, opened, opened_by) VALUES(?1, ?2, ?3, ?4, ?5)",
                id.text(), id.reference(), *title, now, viewer.user);
    for (const std::string& episode : opening.episodes)
      if (put)
        put = execute(database, "INSERT OR IGNORE INTO incident_episodes(incident, episode) VALUES(?1, ?2)", id.text(),
                      episode);
    if (!put) return std::unexpected(put.error());
    for (const IncidentSubject& subject : subjects)
      if (auto kept = keep_subject(viewer, id.text(), subject, now); !kept) return kept;
    return journal(viewer, id.reference(), subjects,
                   "opened, with " + std::to_string(opening.episodes.size()) + " episodes and " +
                       std::to_string(subjects.size()) + " people",
                   now);
  });
  if (!done) return std::unexpected(done.error());
  return id.text();
}

namespace {

Incident read_incident(store::Statement& row) {
  Incident one;
  one.id = row.take<std::string>();
  one.reference = row.take<std::string>();
  one.title = row.take<std::string>();
  one.opened = row.take<TimePoint>();
  one.opened_by = row.take<std::string>();
  one.assessment = row.take<Assessment>();
  one.assessment_reason = row.take<std::string>();
  one.assessed_by = row.take<std::string>();
  one.assessed_at = time_unless_zero(row);
  one.lessons = row.take<std::string>();
  one.policy_change = row.take<std::string>();
  one.case_reference = row.take<std::string>();
  one.review_by = row.take<std::string>();
  one.hold = row.take<bool>();
  one.hold_reason = row.take<std::string>();
  one.hold_by = row.take<std::string>();
  one.closed = time_unless_zero(row);
  one.closed_by = row.take<std::string>();
  one.outcome = row.take<std::string>();
  return one;
}

// Episodes, people, actions and notes of it.
Result<void> read_parts(store::Database& database, Incident& incident) {
  auto read = select(
      database, "SELECT episode FROM incident_episodes WHERE incident = ?1 ORDER BY episode",
      [&](store::Statement& row) { incident.episodes.push_back(row.take<std::string>()); }, incident.id);
  if (!read) return read;
  read = select(
      database,
      "SELECT person, role, year_group, vulnerable FROM incident_subjects WHERE incident = ?1 ORDER BY role, person",
      [&](store::Statement& row) {
        incident.subjects.push_back(
            {row.take<std::string>(), row.take<SubjectRole>(), row.take<std::string>(), row.take<bool>()});
      },
      incident.id);
  if (!read) return read;
  read = select(
      database,
      "SELECT id, kind, date, who, how, reference, recorded_by, recorded_at FROM incident_actions WHERE incident = ?1"
      " ORDER BY date, id",
      [&](store::Statement& row) {
        incident.actions.push_back({row.take<std::string>(),
                                    row.take<ActionKind>(),
                                    row.take<std::string>(),
                                    row.take<std::string>(),
                                    row.take<std::string>(),
                                    row.take<std::string>(),
                                    row.take<std::string>(),
                                    row.take<TimePoint>(),
                                    {},
                                    {},
                                    {}});
      },
      incident.id);
  if (!read) return read;
  return select(
      database, "SELECT actor, text, at FROM incident_notes WHERE incident = ?1 ORDER BY at, id",
      [&](store::Statement& row) {
        incident.notes.push_back({row.take<std::string>(), row.take<std::string>(), row.take<TimePoint>()});
      },
      incident.id);
}

// An action stays where it is and says by whom and why it was struck out.
void mark_struck(Incident& incident) {
  for (const Entry& entry : incident.history) {
    if (entry.field != kStruck) continue;
    const auto struck = std::ranges::find(incident.actions, entry.choice, &IncidentAction::id);
    if (struck == incident.actions.end()) continue;
    struck->struck_by = entry.by;
    struck->struck_why = entry.text;
    struck->struck_at = entry.at;
  }
}

}  // namespace

Result<std::optional<Incident>> Incidents::find(const Viewer& viewer, std::string_view id_or_reference) {
  store::Database& database = desk_.database();
  auto found = select_first(
      database,
      "SELECT id, reference, title, opened, opened_by, assessment, assessment_reason, assessed_by, assessed_at, "
      "lessons, policy_change, case_reference, review_by, hold, hold_reason, hold_by, closed, closed_by, outcome "
      "FROM incidents WHERE id = ?1 OR reference = ?1",
      read_incident, id_or_reference);
  if (!found || !*found) return found;
  Incident& incident = **found;
  if (auto read = read_parts(database, incident); !read) return std::unexpected(read.error());
  auto history = entries_of(database, incident.id);
  if (!history) return std::unexpected(history.error());
  incident.history = *std::move(history);
  mark_struck(incident);
  std::vector<std::string> people;
  for (const IncidentSubject& subject : incident.subjects) people.push_back(subject.person);
  if (sight_of_incident(viewer, people) != Sight::full) return std::optional<Incident>();
  return found;
}

Result<std::vector<IncidentRow>> Incidents::list(const Viewer& viewer, const IncidentFilter& filter) {
  std::vector<IncidentRow> rows;
  if (!leads_safeguarding(viewer.role)) return rows;
  const int open = filter.open ? int(*filter.open) : -1;
  std::size_t skip = filter.offset;
  auto read = select(
      desk_.database(),
      "SELECT (SELECT group_concat(person, char(10)) FROM incident_subjects WHERE incident = incidents.id), id,"
      " reference, title, review_by, case_reference, opened, closed, assessment, hold,"
      " (SELECT count(*) FROM incident_episodes WHERE incident = incidents.id) FROM incidents"
      " WHERE (?1 < 0 OR (closed IS NULL) = ?1)"
      " AND (?2 = '' OR EXISTS(SELECT 1 FROM incident_subjects WHERE incident = incidents.id AND person = ?2))"
      " AND (?3 = '' OR (closed IS NULL AND review_by <> '' AND review_by <= ?3)) ORDER BY opened DESC",
      [&](store::Statement& row) {
        IncidentRow one;
        const std::string people = row.take<std::string>();
        for (std::size_t at = 0; at < people.size();) {
          const std::size_t end = std::min(people.find('\n', at), people.size());
          one.people.push_back(people.substr(at, end - at));
          at = end + 1;
        }
        if (sight_of_incident(viewer, one.people) != Sight::full ||
            rows.size() >= std::min<std::size_t>(filter.limit, 500))
          return;
        if (skip > 0) {
          --skip;
          return;
        }
        one.id = row.take<std::string>();
        one.reference = row.take<std::string>();
        one.title = row.take<std::string>();
        one.review_by = row.take<std::string>();
        one.case_reference = row.take<std::string>();
        one.opened = row.take<TimePoint>();
        one.closed = time_unless_zero(row);
        one.assessment = row.take<Assessment>();
        one.hold = row.take<bool>();
        one.episodes = row.take<std::size_t>();
        rows.push_back(std::move(one));
      },
      open, filter.person, filter.review_due);
  if (!read) return std::unexpected(read.error());
  return rows;
}

// What every change has in common: the incident must be there for this viewer and open, and the journal tells of it.
Result<void> Incidents::edit(const Viewer& viewer, std::string_view id, TimePoint now, std::string detail,
                             const std::function<Result<void>(const Incident&)>& work) {
  return desk_.change([&]() -> Result<void> {
    auto incident = find(viewer, id);
    if (!incident) return std::unexpected(incident.error());
    if (!*incident) return refuse("there is no such incident");
    if (auto current = desk_.must_be_current((*incident)->reference, seen_); !current) return current;
    if (auto done = work(**incident); !done) return done;
    return journal(viewer, (*incident)->reference, (*incident)->subjects, std::move(detail), now);
  });
}

// One entry for each person concerned, so that each one's audit is whole.
Result<void> Incidents::journal(const Viewer& viewer, std::string_view reference,
                                const std::vector<IncidentSubject>& subjects, std::string detail, TimePoint now) {
  JournalEntry entry{.seq = 0,
                     .time = now,
                     .by = viewer.user,
                     .what = "incident",
                     .about = std::string(reference),
                     .person = {},
                     .detail = std::move(detail)};
  if (subjects.empty()) return desk_.write_journal(entry);
  for (const IncidentSubject& subject : subjects) {
    entry.person = subject.person;
    if (auto written = desk_.write_journal(entry); !written) return written;
  }
  return {};
}

// The row holds what is so now; the entries hold what was said, by whom, each time.
Result<void> Incidents::keep_subject(const Viewer& viewer, std::string_view id, const IncidentSubject& subject,
                                     TimePoint now) {
  auto entered = enter(viewer, id, "person", "set", subject.person + ": " + subject_words(subject), now, subject.person);
  if (!entered) return entered;
  auto put = execute(desk_.database(),
                     "INSERT OR REPLACE INTO incident_subjects(incident, person, role, year_group, vulnerable)"
                     " VALUES(?1, ?2, ?3, ?4, ?5)",
                     id, subject.person, subject.role, subject.year_group, subject.vulnerable);
  if (!put) return std::unexpected(put.error());
  return {};
}

Result<void> Incidents::enter(const Viewer& viewer, std::string_view id, std::string_view field,
                              std::string_view choice, std::string_view text, TimePoint now, std::string_view person) {
  auto added = add_entry(desk_.database(), id,
                         {.field = std::string(field),
                          .by = viewer.user,
                          .at = now,
                          .choice = std::string(choice),
                          .text = std::string(text),
                          .person = std::string(person)});
  if (!added) return std::unexpected(added.error());
  return {};
}

namespace {

Result<void> must_be_open(const Incident& incident) {
  if (incident.closed) return refuse("the incident is closed: reopen it first");
  return {};
}

Result<void> nothing_of(Result<std::uint64_t> changed) {
  if (!changed) return std::unexpected(changed.error());
  return {};
}

}  // namespace

Result<void> Incidents::add_episode(const Viewer& viewer, std::string_view id, std::string_view episode,
                                    TimePoint now) {
  if (episode.size() != 36) return refuse("no id of an episode");
  return edit(viewer, id, now, "episode added", [&](const Incident& incident) -> Result<void> {
    if (auto open = must_be_open(incident); !open) return open;
    if (incident.episodes.size() >= 200) return refuse("more than 200 episodes");
    if (std::ranges::find(incident.episodes, episode) != incident.episodes.end())
      return refuse("this episode is part of the incident already");
    return nothing_of(execute(desk_.database(),
                              "INSERT OR IGNORE INTO incident_episodes(incident, episode) VALUES(?1, ?2)", incident.id,
                              episode));
  });
}

Result<void> Incidents::set_subject(const Viewer& viewer, std::string_view id, const IncidentSubject& subject,
                                    TimePoint now) {
  auto kept = fit(subject);
  if (!kept) return std::unexpected(kept.error());
  return edit(viewer, id, now, "a person set as " + std::string(to_string(kept->role)),
              [&](const Incident& incident) -> Result<void> {
                if (auto open = must_be_open(incident); !open) return open;
                if (incident.subjects.size() >= 50) return refuse("more than 50 people");
                const auto before = std::ranges::find(incident.subjects, kept->person, &IncidentSubject::person);
                if (before != incident.subjects.end() && subject_words(*before) == subject_words(*kept))
                  return refuse("this person is part of the incident already, as that: nothing was changed");
                return keep_subject(viewer, incident.id, *kept, now);
              });
}

Result<void> Incidents::remove_subject(const Viewer& viewer, std::string_view id, std::string_view person,
                                       TimePoint now) {
  return edit(viewer, id, now, "a person taken off", [&](const Incident& incident) -> Result<void> {
    if (auto open = must_be_open(incident); !open) return open;
    if (std::ranges::find(incident.subjects, person, &IncidentSubject::person) == incident.subjects.end())
      return refuse("this person is not part of the incident");
    if (auto entered = enter(viewer, incident.id, "person", "taken off", person, now, person); !entered) return entered;
    return nothing_of(execute(desk_.database(), "DELETE FROM incident_subjects WHERE incident = ?1 AND person = ?2",
                              incident.id, person));
  });
}

Result<void> Incidents::assess(const Viewer& viewer, std::string_view id, Assessment assessment,
                               std::string_view reason, TimePoint now) {
  auto kept = typed_text("reason", reason, 4000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  return edit(
      viewer, id, now, "assessed as " + std::string(to_string(assessment)),
      [&](const Incident& incident) -> Result<void> {
        if (auto open = must_be_open(incident); !open) return open;
        if (auto entered = enter(viewer, incident.id, "assessment", to_string(assessment), *kept, now); !entered)
          return entered;
        return nothing_of(
            execute(desk_.database(),
                    "UPDATE incidents SET assessment = ?2, assessment_reason = ?3, assessed_by = ?4, assessed_at = ?5"
                    " WHERE id = ?1",
                    incident.id, assessment, *kept, viewer.user, now));
      });
}

Result<void> Incidents::add_action(const Viewer& viewer, std::string_view id, const IncidentAction& action,
                                   TimePoint now, const ActionDays& days) {
  auto who = typed_text("who", action.who, 200);
  if (!who) return std::unexpected(who.error());
  auto how = typed_text("how", action.how, 2000, Lines::many);
  if (!how) return std::unexpected(how.error());
  auto reference = typed_text("reference", action.reference, 200);
  if (!reference) return std::unexpected(reference.error());
  if (who->empty()) return refuse("who: say by whom it was done, or who was told");
  if (how->empty()) return refuse("how: say how it was done, such as by telephone or in a meeting");
  if (!is_day(action.date)) return refuse("date: write it as 2026-11-23");
  // Days of the calendar in this form are in the order of their texts.
  if (!days.today.empty() && action.date > days.today) return refuse("date: it lies in the future");
  if (!days.first.empty() && action.date < days.first)
    return refuse("date: it lies before the first episode of this incident, " + days.first);
  return edit(
      viewer, id, now, std::string(action_title(action.kind)) + ", " + action.date,
      [&](const Incident& incident) -> Result<void> {
        if (auto open = must_be_open(incident); !open) return open;
        if (incident.actions.size() >= 500) return refuse("more than 500 actions");
        return nothing_of(execute(
            desk_.database(),
            "INSERT INTO incident_actions(id, incident, kind, date, who, how, reference, recorded_by, recorded_at)"
            " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            Uuid::v7(now).text(), incident.id, action.kind, action.date, *who, *how, *reference, viewer.user, now));
      });
}

Result<void> Incidents::strike_action(const Viewer& viewer, std::string_view id, std::string_view action,
                                      std::string_view why, TimePoint now) {
  auto kept = typed_text("reason", why, 1000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  if (kept->empty()) return refuse("say why the action is struck through");
  return edit(viewer, id, now, "action struck through", [&](const Incident& incident) -> Result<void> {
    if (auto open = must_be_open(incident); !open) return open;
    const auto found = std::ranges::find(incident.actions, action, &IncidentAction::id);
    if (found == incident.actions.end()) return refuse("there is no such action");
    if (found->struck_at) return refuse("the action is struck through already, by " + found->struck_by);
    return enter(viewer, incident.id, kStruck, action, *kept, now);
  });
}

// Also on a closed incident: what comes to light later is to be written down.
Result<void> Incidents::add_note(const Viewer& viewer, std::string_view id, std::string_view text, TimePoint now) {
  auto kept = typed_text("note", text, 16'000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  if (kept->empty()) return refuse("the note is empty");
  return edit(
      viewer, id, now, "note added, SHA-256 " + to_hex(sha256(*kept)), [&](const Incident& incident) -> Result<void> {
        if (incident.notes.size() >= 1000) return refuse("more than 1000 notes");
        return nothing_of(execute(
            desk_.database(), "INSERT INTO incident_notes(id, incident, at, actor, text) VALUES(?1, ?2, ?3, ?4, ?5)",
            Uuid::v7(now).text(), incident.id, now, viewer.user, *kept));
      });
}

Result<void> Incidents::set_lessons(const Viewer& viewer, std::string_view id, std::string_view lessons,
                                    std::string_view policy_change, TimePoint now) {
  auto kept = typed_text("lessons", lessons, 8000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  auto change = typed_text("policy change", policy_change, 500);
  if (!change) return std::unexpected(change.error());
  return edit(viewer, id, now, "lessons written", [&](const Incident& incident) -> Result<void> {
    if (*kept == incident.lessons && *change == incident.policy_change) return refuse("nothing was changed");
    for (const auto& [field, text, before] : {std::tuple("lessons", &*kept, &incident.lessons),
                                              std::tuple("policy change", &*change, &incident.policy_change)})
      if (*text != *before)
        if (auto entered = enter(viewer, incident.id, field, "", *text, now); !entered) return entered;
    return nothing_of(execute(desk_.database(), "UPDATE incidents SET lessons = ?2, policy_change = ?3 WHERE id = ?1",
                              incident.id, *kept, *change));
  });
}

Result<void> Incidents::set_case_reference(const Viewer& viewer, std::string_view id, std::string_view reference,
                                           TimePoint now) {
  auto kept = typed_text("case reference", reference, 100);
  if (!kept) return std::unexpected(kept.error());
  return edit(viewer, id, now, "case system's reference set", [&](const Incident& incident) -> Result<void> {
    if (*kept == incident.case_reference) return refuse("nothing was changed");
    if (auto entered = enter(viewer, incident.id, "case reference", "", *kept, now); !entered) return entered;
    return nothing_of(
        execute(desk_.database(), "UPDATE incidents SET case_reference = ?2 WHERE id = ?1", incident.id, *kept));
  });
}

Result<void> Incidents::set_review(const Viewer& viewer, std::string_view id, std::string_view day, TimePoint now) {
  if (!day.empty() && !is_day(day)) return refuse("review by: write it as 2026-12-07");
  return edit(viewer, id, now, day.empty() ? "review taken off" : "review by " + std::string(day),
              [&](const Incident& incident) -> Result<void> {
                if (auto open = must_be_open(incident); !open) return open;
                if (day == incident.review_by) return refuse("nothing was changed");
                if (auto entered = enter(viewer, incident.id, "review", "", day, now); !entered) return entered;
                return nothing_of(
                    execute(desk_.database(), "UPDATE incidents SET review_by = ?2 WHERE id = ?1", incident.id, day));
              });
}

Result<void> Incidents::set_hold(const Viewer& viewer, std::string_view id, bool hold, std::string_view reason,
                                 TimePoint now) {
  auto kept = typed_text("reason", reason, 1000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  if (kept->empty()) return refuse("say why the hold is set or lifted");
  return edit(
      viewer, id, now, hold ? "legal hold set" : "legal hold lifted", [&](const Incident& incident) -> Result<void> {
        if (hold == incident.hold)
          return refuse(hold ? "it is under legal hold already" : "it is not under legal hold");
        if (auto entered = enter(viewer, incident.id, "legal hold", hold ? "set" : "lifted", *kept, now); !entered)
          return entered;
        return nothing_of(execute(desk_.database(),
                                  "UPDATE incidents SET hold = ?2, hold_reason = ?3, hold_by = ?4 WHERE id = ?1",
                                  incident.id, hold, *kept, viewer.user));
      });
}

Result<void> Incidents::close(const Viewer& viewer, std::string_view id, std::string_view outcome, TimePoint now) {
  auto kept = typed_text("outcome", outcome, 4000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  if (kept->empty()) return refuse("outcome: say how it ended");
  return edit(viewer, id, now, "closed", [&](const Incident& incident) -> Result<void> {
    if (incident.closed) return refuse("the incident is closed already");
    if (incident.assessment == Assessment::none) return refuse("assess it before closing it");
    if (auto entered = enter(viewer, incident.id, "outcome", "closed", *kept, now); !entered) return entered;
    return nothing_of(
        execute(desk_.database(),
                "UPDATE incidents SET closed = ?2, closed_by = ?3, outcome = ?4, review_by = '' WHERE id = ?1",
                incident.id, now, viewer.user, *kept));
  });
}

Result<void> Incidents::reopen(const Viewer& viewer, std::string_view id, std::string_view why, TimePoint now) {
  auto kept = typed_text("reason", why, 1000);
  if (!kept) return std::unexpected(kept.error());
  if (kept->empty()) return refuse("say why it is opened again");
  return edit(viewer, id, now, "opened again: " + *kept, [&](const Incident& incident) -> Result<void> {
    if (!incident.closed) return refuse("the incident is open");
    if (auto entered = enter(viewer, incident.id, "outcome", "opened again", *kept, now); !entered) return entered;
    return nothing_of(
        execute(desk_.database(), "UPDATE incidents SET closed = NULL, closed_by = '' WHERE id = ?1", incident.id));
  });
}

}  // namespace schoolgate::casework
