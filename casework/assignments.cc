#include "casework/assignments.h"

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "casework/shown_text.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

constexpr std::string_view kTaken = "taken", kToDo = "to do", kGiven = "given", kDone = "done";
constexpr std::size_t kMostToDo = 200;
constexpr std::chrono::days kLongestAhead{366};

// What to_rfc3339_day() wrote; the first day of all for text that was erased.
std::chrono::sys_days day_of(std::string_view text) {
  int parts[3] = {1970, 1, 1};
  const std::size_t begins[] = {0, 5, 8}, lengths[] = {4, 2, 2};
  if (text.size() == 10)
    for (std::size_t i = 0; i < 3; ++i)
      std::from_chars(text.data() + begins[i], text.data() + begins[i] + lengths[i], parts[i]);
  const std::chrono::year_month_day day{std::chrono::year(parts[0]), std::chrono::month(unsigned(parts[1])),
                                        std::chrono::day(unsigned(parts[2]))};
  return day.ok() ? std::chrono::sys_days(day) : std::chrono::sys_days();
}

Result<void> must_fit(const Viewer& viewer, const std::vector<std::string>& people, const Assigned& assigned) {
  const Viewer owner{.user = assigned.owner.user, .role = assigned.owner.role, .also = {}};
  const auto is_about = [&](const Viewer& one) {
    return std::ranges::any_of(people, [&](const std::string& person) { return is_viewer(one, person); });
  };
  if (!leads_safeguarding(viewer.role) || is_about(viewer)) return fail(Fault::client, "this is not yours to give");
  if (!leads_safeguarding(owner.role))
    return fail(Fault::client, "owner: only a safeguarding lead, a deputy or the head can have it");
  // The reason is not said: it would tell the owner's own record.
  if (is_about(owner)) return fail(Fault::client, "owner: choose another colleague for this one");
  if (assigned.due < assigned.today) return fail(Fault::client, "day: it lies in the past");
  if (assigned.due > assigned.today + kLongestAhead) return fail(Fault::client, "day: it is more than a year away");
  return {};
}

std::vector<std::string> people_of(const Incident& incident) {
  std::vector<std::string> people;
  for (const IncidentSubject& subject : incident.subjects) people.push_back(subject.person);
  return people;
}

Result<void> must_take_tasks(const Incident& incident) {
  if (incident.closed) return fail(Fault::client, "this incident is closed");
  return {};
}

// An episode is nobody's work any more once it was acknowledged after it was taken, or became part of an incident.
constexpr std::string_view kOpenEpisodes =
    "SELECT about, choice, text, actor, at FROM entries e WHERE field = 'taken' AND choice <> ''"
    " AND number = (SELECT max(number) FROM entries l WHERE l.about = e.about AND l.field = 'taken')"
    " AND NOT EXISTS(SELECT 1 FROM entries a WHERE a.about = e.about AND a.field = 'acknowledgement' AND a.at >= e.at)"
    " AND NOT EXISTS(SELECT 1 FROM incident_episodes i WHERE i.episode = e.about)";

constexpr std::string_view kToDos =
    "SELECT t.id, t.about, t.text, g.choice, g.text, g.actor, g.at, d.actor, d.text, d.at FROM entries t"
    " JOIN entries g ON g.about = t.id AND g.field = 'given' AND g.number = (SELECT max(number) FROM entries l WHERE"
    " l.about = t.id AND l.field = 'given') LEFT JOIN entries d ON d.about = t.id AND d.field = 'done' AND d.number = 1"
    " WHERE t.field = 'to do'";

Work episode_work(store::Statement& row) {
  return {.about = row.take<std::string>(),
          .incident = {},
          .what = {},
          .owner = row.take<std::string>(),
          .due = day_of(row.take<std::string_view>()),
          .given_by = row.take<std::string>(),
          .given_at = row.take<TimePoint>(),
          .done_by = {},
          .done_how = {},
          .done_at = {}};
}

Work to_do_work(store::Statement& row) {
  return {.about = row.take<std::string>(),
          .incident = row.take<std::string>(),
          .what = row.take<std::string>(),
          .owner = row.take<std::string>(),
          .due = day_of(row.take<std::string_view>()),
          .given_by = row.take<std::string>(),
          .given_at = row.take<TimePoint>(),
          .done_by = row.take<std::string>(),
          .done_how = row.take<std::string>(),
          .done_at = store::time_unless_zero(row)};
}

}  // namespace

Result<void> Assignments::enter(const Viewer& viewer, std::string_view about, std::string_view field,
                                const Assigned& assigned, std::string_view person, TimePoint now) {
  auto added = add_entry(desk_.database(), about,
                         {.field = std::string(field),
                          .by = viewer.user,
                          .at = now,
                          .choice = assigned.owner.user,
                          .text = assigned.owner.user.empty() ? std::string() : to_rfc3339_day(assigned.due),
                          .corrects = {},
                          .person = std::string(person)});
  if (!added) return std::unexpected(added.error());
  return {};
}

Result<void> Assignments::journal(const Viewer& viewer, const Incident& incident, std::string detail, TimePoint now) {
  // In the audit of each of its people, as every change of an incident.
  for (std::size_t i = 0; i < std::max<std::size_t>(incident.subjects.size(), 1); ++i) {
    auto written =
        desk_.write_journal({.seq = 0,
                             .time = now,
                             .by = viewer.user,
                             .what = "incident",
                             .about = incident.reference,
                             .person = i < incident.subjects.size() ? incident.subjects[i].person : std::string(),
                             .detail = detail});
    if (!written) return written;
  }
  return {};
}

Result<void> Assignments::take(const Viewer& viewer, std::string_view episode, std::string_view person,
                               const Assigned& assigned, TimePoint now, std::optional<std::uint64_t> seen) {
  if (auto fits = must_fit(viewer, {std::string(person)}, assigned); !fits) return fits;
  return desk_.change([&]() -> Result<void> {
    if (auto current = desk_.must_be_current(episode, seen); !current) return current;
    if (auto entered = enter(viewer, episode, kTaken, assigned, person, now); !entered) return entered;
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "take",
                                .about = std::string(episode),
                                .person = std::string(person),
                                .detail = "given to " + assigned.owner.user + ", due " + to_rfc3339_day(assigned.due)});
  });
}

Result<void> Assignments::put_down(const Viewer& viewer, std::string_view episode, std::string_view person,
                                   TimePoint now, std::optional<std::uint64_t> seen) {
  if (!leads_safeguarding(viewer.role) || is_viewer(viewer, person))
    return fail(Fault::client, "this is not yours to give");
  return desk_.change([&]() -> Result<void> {
    if (auto current = desk_.must_be_current(episode, seen); !current) return current;
    const auto has = of_episode(episode);
    if (!has) return std::unexpected(has.error());
    if (!*has) return fail(Fault::client, "nobody has this episode: nothing was changed");
    if (auto entered = enter(viewer, episode, kTaken, {}, person, now); !entered) return entered;
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "take",
                                .about = std::string(episode),
                                .person = std::string(person),
                                .detail = "put down; " + (*has)->owner + " had it"});
  });
}

Result<std::optional<Work>> Assignments::of_episode(std::string_view episode) {
  std::optional<Work> found;
  auto read = store::select(
      desk_.database(), std::string(kOpenEpisodes) + " AND about = ?1",
      [&](store::Statement& row) { found = episode_work(row); }, episode);
  if (!read) return std::unexpected(read.error());
  return found;
}

Result<void> Assignments::add_to_do(const Viewer& viewer, const Incident& incident, std::string_view what,
                                    const Assigned& assigned, TimePoint now) {
  auto kept = typed_text("what", what, 1000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  if (kept->empty()) return fail(Fault::client, "what: say what is to be done");
  if (auto open = must_take_tasks(incident); !open) return open;
  if (auto fits = must_fit(viewer, people_of(incident), assigned); !fits) return fits;
  return desk_.change([&]() -> Result<void> {
    auto added = add_entry(desk_.database(), incident.id,
                           {.field = std::string(kToDo),
                            .by = viewer.user,
                            .at = now,
                            .choice = {},
                            .text = *kept,
                            .corrects = {},
                            .person = {}});
    if (!added) return std::unexpected(added.error());
    if (added->number > kMostToDo) return fail(Fault::client, "more than 200 things to do");
    if (auto entered = enter(viewer, added->id, kGiven, assigned, {}, now); !entered) return entered;
    return journal(viewer, incident, "to do for " + assigned.owner.user + ", due " + to_rfc3339_day(assigned.due), now);
  });
}

Result<void> Assignments::give(const Viewer& viewer, const Incident& incident, std::string_view to_do,
                               const Assigned& assigned, TimePoint now) {
  if (auto open = must_take_tasks(incident); !open) return open;
  if (auto fits = must_fit(viewer, people_of(incident), assigned); !fits) return fits;
  return desk_.change([&]() -> Result<void> {
    const auto all = of_incident(incident.id);
    if (!all) return std::unexpected(all.error());
    const auto found = std::ranges::find(*all, to_do, &Work::about);
    if (found == all->end() || found->done_at)
      return fail(Fault::client, "there is no such thing to do, or it is done");
    if (auto entered = enter(viewer, to_do, kGiven, assigned, {}, now); !entered) return entered;
    return journal(
        viewer, incident,
        "to do given to " + assigned.owner.user + " by " + found->owner + ", due " + to_rfc3339_day(assigned.due), now);
  });
}

Result<void> Assignments::finish(const Viewer& viewer, const Incident& incident, std::string_view to_do,
                                 std::string_view how, TimePoint now) {
  auto kept = typed_text("how", how, 1000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  if (!leads_safeguarding(viewer.role)) return fail(Fault::client, "this is not yours to finish");
  if (auto open = must_take_tasks(incident); !open) return open;
  return desk_.change([&]() -> Result<void> {
    const auto all = of_incident(incident.id);
    if (!all) return std::unexpected(all.error());
    const auto found = std::ranges::find(*all, to_do, &Work::about);
    if (found == all->end() || found->done_at)
      return fail(Fault::client, "there is no such thing to do, or it is done");
    auto added = add_entry(desk_.database(), to_do,
                           {.field = std::string(kDone),
                            .by = viewer.user,
                            .at = now,
                            .choice = "done",
                            .text = *kept,
                            .corrects = {},
                            .person = {}});
    if (!added) return std::unexpected(added.error());
    return journal(viewer, incident, "to do done", now);
  });
}

Result<std::vector<Work>> Assignments::of_incident(std::string_view incident) {
  std::vector<Work> all;
  auto read = store::select(
      desk_.database(), std::string(kToDos) + " AND t.about = ?1 ORDER BY t.number",
      [&](store::Statement& row) { all.push_back(to_do_work(row)); }, incident);
  if (!read) return std::unexpected(read.error());
  return all;
}

Result<std::vector<Work>> Assignments::open(std::size_t limit) {
  std::vector<Work> all;
  auto read =
      store::select(desk_.database(), kOpenEpisodes, [&](store::Statement& row) { all.push_back(episode_work(row)); });
  if (read)
    read = store::select(desk_.database(),
                         std::string(kToDos) +
                             " AND d.id IS NULL AND EXISTS(SELECT 1 FROM incidents i WHERE"
                             " i.id = t.about AND i.closed IS NULL)",
                         [&](store::Statement& row) { all.push_back(to_do_work(row)); });
  if (!read) return std::unexpected(read.error());
  std::ranges::stable_sort(all, {}, &Work::due);
  if (all.size() > limit) all.resize(limit);
  return all;
}

}  // namespace schoolgate::casework
