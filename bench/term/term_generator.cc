// Fills a state folder with a term of a 420-pupil school, through the stores that a gateway writes with: breach
// records, decisions, acknowledgements, incidents, reports of pages, checks, measures and daily sums. Also makes the
// small week that the demonstration starts with.
//
//   term_generator --state DIR --decisions FILE [--days 60] [--breaches 9000] [--requests 2000000] [--pupils 420]
//                  [--until 2026-11-20] [--seed 1] [--younger ks1] [--older ks2] [--flood 100000]
//
// --flood: on the last day one device asks so often for one site within two minutes, and once for another one.
//
// The term ends yesterday, unless said otherwise. Nobody is told of it when a gateway takes the folder over.
//
// Every name is reserved (.example, .test) and every person invented.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <stdexcept>

#include "base/file.h"
#include "bench/term/term_traffic.h"
#include "breaches/breach_log.h"
#include "breaches/decision_line.h"
#include "casework/alerts/alerts.h"
#include "casework/checks_log.h"
#include "casework/episode_view.h"
#include "casework/incidents.h"
#include "casework/measures.h"
#include "casework/page_reports.h"
#include "casework/sums.h"

namespace schoolgate::term {
namespace {

using namespace std::chrono_literals;
using namespace breaches;
using namespace casework;

struct Options {
  std::filesystem::path state, decisions;
  std::size_t days = 60, breaches = 9000, requests = 2'000'000, pupils = 420;
  std::size_t flood = 0;
  std::uint64_t seed = 1;
  std::string younger = "ks1", older = "ks2";  // the groups of the pupils, as policy.yaml names them
  std::chrono::sys_days until = std::chrono::floor<std::chrono::days>(wall_now()) - std::chrono::days(1);
};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// One device and one site, again and again, and in the midst of it another one.
std::vector<Breach> make_flood(const Options& options, std::chrono::sys_days day, const std::vector<Breach>& breaches) {
  std::vector<Breach> flood;
  if (options.flood == 0) return flood;
  Breach one = breaches.back();
  one.device = "10.20.2.250";
  one.person.reset();
  one.confidence = "network";
  one.action = "block";
  one.search.clear();
  one.reason = {};
  one.reason.tier = "category";
  one.reason.list = "ut1-gambling";
  one.reason.category = one.reason.theme = "gambling";
  one.reason.source = "lists/gambling";
  one.reason.policy_version = "term";
  one.reason.urgency = 3;
  const TimePoint begin = TimePoint(day) + 11h;
  for (std::size_t i = 0; i < options.flood; ++i) {
    one.time = begin + std::chrono::milliseconds(i * 120'000 / options.flood);
    one.id = Uuid::v7(one.time);
    one.site = one.reason.entry = i == options.flood / 2 ? "the-real-one.example" : "decoy.example";
    one.url = "http://" + one.site + "/" + std::to_string(i);
    flood.push_back(one);
  }
  return flood;
}

void write_flood(const Options& options, const std::vector<Breach>& flood) {
  if (flood.empty()) return;
  BreachLogSettings settings;
  settings.folder = options.state;
  settings.school = "Ashford Oaks Primary School";
  settings.gateway = "gw-1";
  settings.queue_limit = flood.size() + 1;
  settings.durable_deadline = 600'000ms;
  settings.retention = std::chrono::hours(24 * 3650);
  settings.folds = true;
  const auto log = must(BreachLog::open(settings));
  for (const Breach& breach : flood) log->append(breach, [](Receipt) {});
}

void write_breaches(const Options& options, const std::vector<Breach>& all) {
  BreachLogSettings settings;
  settings.folder = options.state;
  settings.school = "Ashford Oaks Primary School";
  settings.gateway = "gw-1";
  settings.queue_limit = all.size() + 1;
  settings.durable_deadline = 600'000ms;
  settings.retention = std::chrono::hours(24 * 3650);
  const auto log = must(BreachLog::open(settings));
  for (const Breach& breach : all) log->append(breach, [](Receipt) {});
}  // the log writes what waits when it is closed

struct Line {
  TimePoint end;
  std::string text;
};

// Day by day, in the order in which exchanges end, as a gateway's workers hand their lines over.
void write_decisions(const Options& options, const std::vector<SchoolPerson>& people,
                     const std::vector<std::chrono::sys_days>& days, const std::vector<Breach>& breaches,
                     Random& random) {
  if (options.decisions.empty()) return;
  must(make_private_folder(options.decisions.parent_path()));
  const std::size_t allowed = options.requests > breaches.size() ? options.requests - breaches.size() : 0;
  std::size_t next_breach = 0;
  for (std::size_t d = 0; d < days.size(); ++d) {
    std::vector<Line> lines;
    TimeText time_text;
    const std::size_t of_day = allowed * (d + 1) / days.size() - allowed * d / days.size();
    lines.reserve(of_day + 512);
    const auto add = [&](const SchoolPerson* person, const Breach* breach) {
      Decision decision{};
      std::string url;
      double ms = 20 + double(random() % 400);
      if (breach) {
        decision.time = breach->time;
        decision.group = breach->group;
        decision.device = breach->device;
        decision.host = breach->site;
        url = breach->url;
        decision.action = breach->action;
        decision.category = breach->reason.category;
        decision.stage = breach->stage;
        decision.rule = breach->reason.tier;
        decision.search = breach->search;
        decision.sealed = breach->reason.sealed;
        if (breach->person) decision.person = *breach->person;
        decision.confidence = breach->confidence;
        ms = 2;
      } else {
        const LessonSite& site = lesson_site(random);
        decision.time = lesson_time(days[d], random);
        decision.group = person->group;
        decision.device = person->device;
        decision.host = site.host;
        decision.category = site.category;
        decision.action = "allow";
        decision.stage = random() % 4 == 0 ? "request" : "connect";
        decision.rule = site.category == "support" ? "support" : "unlisted";
        url = "https://" + std::string(site.host) + "/lesson/" + std::to_string(random() % 500);
        if (person->known) decision.person = person->account;
        decision.confidence = person->confidence;
        decision.source = person->source;
        if (decision.stage == "connect") ms = 1000 + double(random() % 120'000);
        decision.inspected = decision.stage == "request";
        decision.bytes_in = 500 + random() % 200'000;
        decision.bytes_out = 300 + random() % 4'000;
      }
      decision.url = url;
      decision.method = "GET";
      decision.ms = ms;
      Line line{decision.time + std::chrono::milliseconds(std::int64_t(ms)), {}};
      append_decision_line(line.text, decision, time_text);
      lines.push_back(std::move(line));
    };
    for (std::size_t i = 0; i < of_day; ++i) add(&people[random() % people.size()], nullptr);
    for (; next_breach < breaches.size() && breaches[next_breach].time < TimePoint(days[d]) + 24h; ++next_breach)
      add(nullptr, &breaches[next_breach]);
    std::ranges::sort(lines, {}, &Line::end);

    const bool last = d + 1 == days.size();
    const std::string day = to_rfc3339(TimePoint(days[d])).substr(0, 10);
    const auto file = last ? options.decisions
                           : options.decisions.parent_path() / (options.decisions.stem().string() + "-" + day +
                                                                options.decisions.extension().string());
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    for (const Line& line : lines) out << line.text;
    if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
    std::filesystem::permissions(file, std::filesystem::perms(0640));
  }
}

const Viewer kLead{.user = "s.marsh", .role = Role::dsl, .also = {}};
const Viewer kDeputy{.user = "j.brook", .role = Role::deputy, .also = {}};
const Viewer kTechnician{.user = "r.stone", .role = Role::technician, .also = {}};

std::string day_of(TimePoint time) { return to_rfc3339(time).substr(0, 10); }

void open_incidents(DeskStore& desk, const std::vector<EpisodeRow>& rows, std::size_t count, const std::string& older,
                    Random& random) {
  Incidents incidents(desk);
  const std::size_t step = std::max<std::size_t>(1, rows.size() / std::max<std::size_t>(1, count));
  for (std::size_t i = 0; i < rows.size() && count > 0; i += step, --count) {
    const EpisodeRow& row = rows[i];
    const TimePoint at = row.last + 25min;
    Incidents::Opening opening{.title = "Attempts: " + row.theme, .episodes = {row.id}, .subjects = {}};
    if (!row.person.empty())
      opening.subjects.push_back({.person = row.person,
                                  .role = row.group == "staff" ? SubjectRole::staff : SubjectRole::child,
                                  .year_group = row.group == older ? "Year " + std::to_string(3 + random() % 4) : "",
                                  .vulnerable = random() % 9 == 0});
    const std::string id = must(incidents.open(kLead, opening, at));
    must(incidents.add_note(kLead, id, "Spoke with the class teacher; nothing else is known so far.", at + 5min));
    must(incidents.add_action(kLead, id,
                              {.kind = ActionKind::spoke_to_child,
                               .date = day_of(at),
                               .who = "S. Marsh",
                               .how = "in the library, with the class teacher"},
                              at + 1h));
    if (random() % 2 == 0)
      must(incidents.add_action(
          kDeputy, id,
          {.kind = ActionKind::parent_informed, .date = day_of(at + 24h), .who = "mother", .how = "telephone"},
          at + 24h));
    must(incidents.assess(kLead, id, Assessment(1 + random() % 5), "after talking with the child", at + 2h));
    if (random() % 3 != 0)
      must(incidents.close(kLead, id, "Talked through; the class repeats the rules for searching.", at + 72h));
    else
      must(incidents.set_review(kLead, id, day_of(at + 24h * 14), at + 2h));
  }
}

void fill_desk(const Options& options, const std::vector<std::chrono::sys_days>& days, Random& random) {
  const auto desk = must(DeskStore::open(options.state));
  auto reader = must(EpisodeReader::open({.folder = options.state, .decisions = options.decisions}));
  // Of the urgent ones most were taken up; the newest day is left for whoever opens the desk.
  const TimePoint newest = TimePoint(days.back());
  std::vector<EpisodeRow> urgent;
  for (std::size_t offset = 0;; offset += 500) {
    const auto page = must(reader.list(kLead, {.until = newest, .urgency_from = 3, .offset = offset, .limit = 500}));
    urgent.insert(urgent.end(), page.rows.begin(), page.rows.end());
    if (page.rows.size() < 500) break;
  }
  const std::size_t most = options.breaches >= 500 ? 400 : 20;
  for (std::size_t i = 0; i < urgent.size() && i < most; ++i) {
    const EpisodeRow& row = urgent[i];
    if (random() % 10 < 8)
      must(desk->acknowledge(random() % 4 == 0 ? kDeputy : kLead, row.id, row.person,
                             row.first + std::chrono::seconds(60 + random() % 7200),
                             random() % 3 == 0 ? Assessment(1 + random() % 5) : Assessment::none));
  }
  open_incidents(*desk, urgent, options.breaches >= 500 ? 30 : 3, options.older, random);

  PageReports reports(*desk);
  const std::size_t report_count = options.breaches >= 500 ? 60 : 4;
  for (std::size_t i = 0; i < report_count; ++i) {
    PageReport report;
    const TimePoint at = lesson_time(days[i * days.size() / report_count], random);
    report.kind = i % 4 == 3 ? PageReport::Kind::unsuitable : PageReport::Kind::wrongly_blocked;
    report.address = i % 4 == 3 ? "funny-clips.example/horror" : "probability-lesson.example/dice";
    report.said = i % 4 == 3 ? "This frightened the children." : "We need this for the Year 6 lesson.";
    report.name = "Ms Ali";
    report.device = "10.20.8." + std::to_string(10 + i % 40);
    report.group = "staff";
    const std::string reference = must(reports.submit(report, false, at));
    if (i + 3 < report_count)
      must(reports.handle(kTechnician, reference, i % 5 == 0 ? PageReport::State::declined : PageReport::State::changed,
                          "looked at and tested", at + std::chrono::minutes(10 + random() % 600)));
  }

  ChecksLog checks(*desk);
  for (std::size_t d = 0; d < days.size(); d += 5) {
    CheckRun run{
        .id = {}, .at = TimePoint(days[d]) + 8h, .by = "r.stone", .kind = "selftest", .devices = {}, .results = {}};
    for (const std::string& group : {options.younger, options.older, std::string("staff")})
      for (const char* mode : {"explicit proxy", "inside TLS"})
        for (const char* what : {"gambling", "pornography", "an allowed lesson", "an allowed help line"})
          run.results.push_back({group, mode, what, std::string(what).starts_with("an ") ? "allow" : "block",
                                 std::string(what).starts_with("an ") ? "allow" : "block", true});
    if (d == 10) {
      run.results[2].found = "block";
      run.results[2].as_expected = false;
      run.action = "The list had the lesson's site; a rule of the school allows it now.";
    }
    must(checks.record(run, run.at));
  }

  MeasureStore measures(*desk, nullptr);
  const TimePoint emergency_at = TimePoint(days[days.size() / 2]) + 11h;
  rules::Measure emergency;
  emergency.sites = {"shock-video.example"};
  emergency.by = kLead.user;
  emergency.why = "shared by parents this morning";
  emergency.from = emergency_at;
  emergency.until = emergency_at + 24h * 3;
  const std::string id = must(measures.open(emergency, {}, emergency_at));
  must(measures.close(id, kLead.user, "on the lists now", {}, emergency_at + 24h));

  Sums sums(*desk, options.decisions, {});
  while (must(sums.advance(500'000)).more) {
  }
}

// A gateway would have told of all this at its time. Nobody is to be told now, so the outbox follows the log to its end
// without anybody to tell.
void tell_nobody(const Options& options) {
  const auto alerts = must(Alerts::open(
      {.folder = options.state, .school = "Ashford Oaks Primary School", .gateway = "gw-1", .local_time = {}}, {}));
  alerts->notice();
  alerts->settle();
}

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--state")
      options.state = value;
    else if (name == "--decisions")
      options.decisions = value;
    else if (name == "--days")
      options.days = std::stoul(value);
    else if (name == "--breaches")
      options.breaches = std::stoul(value);
    else if (name == "--requests")
      options.requests = std::stoul(value);
    else if (name == "--pupils")
      options.pupils = std::stoul(value);
    else if (name == "--younger")
      options.younger = value;
    else if (name == "--older")
      options.older = value;
    else if (name == "--seed")
      options.seed = std::stoul(value);
    else if (name == "--flood")
      options.flood = std::stoul(value);
    else if (name == "--until" && from_rfc3339(value + std::string("T00:00:00Z")))
      options.until = std::chrono::floor<std::chrono::days>(*from_rfc3339(value + std::string("T00:00:00Z")));
    else
      throw std::runtime_error("unknown option " + std::string(name));
  }
  if (options.state.empty() || argc % 2 == 0 || options.days == 0 || options.pupils < 20)
    throw std::runtime_error(
        "usage: term_generator --state DIR [--decisions FILE] [--days N] [--breaches N] [--requests N] [--pupils N] "
        "[--until DAY] [--seed N] [--younger GROUP] [--older GROUP] [--flood N]");
  return options;
}

int run(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  must(make_private_folder(options.state));
  if (std::filesystem::exists(options.state / "breaches.db"))
    throw std::runtime_error(options.state.string() + " holds a breach log already; take an empty folder");
  Random random(options.seed);
  const auto began = std::chrono::steady_clock::now();
  auto people = make_school(options.pupils, random);
  for (SchoolPerson& person : people)
    if (person.group != "staff") person.group = person.group == "ks1" ? options.younger : options.older;
  const auto days = school_days(options.until, options.days);
  auto breaches = make_breaches(people, days, options.breaches, random);
  write_breaches(options, breaches);
  const auto flood = make_flood(options, days.back(), breaches);
  write_flood(options, flood);
  breaches.insert(breaches.end(), flood.begin(), flood.end());
  std::ranges::stable_sort(breaches, {}, &Breach::time);
  write_decisions(options, people, days, breaches, random);
  fill_desk(options, days, random);
  tell_nobody(options);
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf("%zu days, %zu people, %zu breaches, %zu decisions in %.1f s\n", days.size(), people.size(),
              breaches.size(), options.decisions.empty() ? 0 : std::max(options.requests, breaches.size()), took);
  return 0;
}

}  // namespace
}  // namespace schoolgate::term

int main(int argc, char** argv) {
  try {
    return schoolgate::term::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "term_generator: %s\n", error.what());
    return 1;
  }
}
