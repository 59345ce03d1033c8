// The desk without the gateway: a state folder filled with a week of plausible episodes, six accounts, the real pages
// behind the real server. For the browser tests of the pages, and for looking at a page while writing it.
//
//   serve_desk FOLDER [PORT]      prints one line, {"port":…,"password":"…"}, and serves until its input ends
//
// FOLDER may hold a school already (breaches.db); then nothing is filled in. Signs in as d.lead, d.eputy, h.ead,
// g.overnor, t.ech and a.dmin.
#include <cstdio>
#include <future>
#include <iostream>
#include <random>

#include "breaches/breach_log.h"
#include "casework/checks_log.h"
#include "casework/desk_store.h"
#include "casework/measures.h"
#include "casework/page_reports.h"
#include "casework/sums.h"
#include "console/console.h"
#include "identity/user_database.h"
#include "identity/users.h"
#include "tests/console/a_school.h"
#include "web/server.h"
#include "web/tls.h"

namespace schoolgate {
namespace {

constexpr std::string_view kPassword = "winter kettle orbit";

struct Scene {
  std::string_view person, group, device, theme, category, site, search;
  int urgency = 2;
  bool illegal = false, page = false;
  int attempts = 1;
};

constexpr std::array kScenes{
    Scene{"amelia.hughes", "ks2", "10.20.2.7", "gambling", "gambling", "lucky-spins.example", "", 2, false, false, 4},
    Scene{"ben.okafor", "ks2", "10.20.2.9", "self-harm", "self-harm", "no-hope.example", "how to hurt myself", 4, false,
          false, 6},
    Scene{"", "ks1", "10.20.1.4", "games", "games", "block-racer.example", "", 1, false, true, 9},
    Scene{"chloe.davies", "ks2", "10.20.2.14", "violence", "violence", "fight-club.example", "", 2, false, false, 1},
    Scene{"dan.price", "ks2", "10.20.2.21", "bypass", "bypass", "hide-me.example", "", 2, false, false, 12},
    Scene{"ella.begum", "ks2", "10.20.2.22", "eating-disorders", "eating-disorders", "thin-is-in.example", "", 3, false,
          false, 3},
    Scene{"finn.ryan", "ks2", "10.20.2.30", "pornography", "pornography", "adult-page.example", "", 3, false, false, 2},
    Scene{"", "byod", "10.20.9.77", "malware", "malware", "bad-adverts.example", "", 2, false, true, 3},
    Scene{"grace.lee", "ks2", "10.20.2.41", "child-abuse", "child-abuse", "sealed-entry.example", "", 5, true, true, 1},
    Scene{"t.eacher", "staff", "10.20.8.3", "social-media", "social-media", "chatter.example", "", 1, false, false, 5},
};

void fill(const std::filesystem::path& folder, TimePoint now) {
  auto log = breaches::BreachLog::open({.folder = folder, .school = "Ashford Oaks", .gateway = "gw-1"});
  if (!log) throw std::runtime_error(log.error().text());
  std::mt19937 dice(7);
  std::promise<void> durable;
  for (int day = 6; day >= 0; --day) {
    for (std::size_t i = 0; i < kScenes.size(); ++i) {
      const Scene& scene = kScenes[i];
      if (day > 0 && dice() % 3 != 0) continue;
      const TimePoint begin = now - std::chrono::days(day) - std::chrono::minutes(15 * (i + 1));
      for (int n = 0; n < scene.attempts; ++n) {
        breaches::Breach breach;
        breach.time = begin + std::chrono::seconds(35 * n);
        breach.id = Uuid::v7(breach.time);
        breach.group = scene.group;
        if (!scene.person.empty()) breach.person = scene.person;
        breach.confidence = scene.person.empty() ? "device" : "login";
        breach.device = scene.device;
        breach.action = "block";
        breach.site = scene.site;
        breach.url = "https://" + std::string(scene.site) + "/page/" + std::to_string(n);
        breach.search = scene.search;
        breach.method = "GET";
        breach.stage = "request";
        breach.initiated = scene.page ? breaches::Initiated::page : breaches::Initiated::user;
        breach.reason.tier = scene.illegal ? "illegal" : "category";
        breach.reason.list = "school-" + std::string(scene.category);
        breach.reason.category = scene.category;
        breach.reason.theme = scene.theme;
        breach.reason.entry = scene.site;
        breach.reason.urgency = scene.urgency;
        breach.reason.illegal = breach.reason.sealed = scene.illegal;
        breach.reason.policy_version = "6f1c2a";
        (*log)->append(std::move(breach), [](breaches::Receipt) {});
      }
    }
  }
  log->reset();  // writes what waits
  auto desk = casework::DeskStore::open(folder);
  if (!desk) throw std::runtime_error(desk.error().text());
  (void)casework::PageReports(**desk).submit({.kind = casework::PageReport::Kind::wrongly_blocked,
                                              .address = "probability-lesson.example/dice",
                                              .said = "We need it for Year 6 maths tomorrow.",
                                              .name = "Mr Teach",
                                              .device = "10.20.8.3"},
                                             false, now - std::chrono::hours(2));
  (void)casework::ChecksLog(**desk).record(
      {.at = now - std::chrono::hours(5),
       .by = "t.ech",
       .kind = "selftest",
       .results = {{"ks2", "explicit", "a page on gambling", "block", "block", true},
                   {"ks1", "transparent", "a page on gambling", "block", "block", true},
                   {"staff", "inside TLS", "a page on malware", "block", "allow", false}}},
      now - std::chrono::hours(5));
}

void add_sums(const std::filesystem::path& folder) {
  auto desk = casework::DeskStore::open(folder);
  if (!desk) throw std::runtime_error(desk.error().text());
  casework::Sums sums(**desk, {}, {});
  for (;;) {
    const auto progress = sums.advance();
    if (!progress) throw std::runtime_error(progress.error().text());
    if (!progress->more) break;
  }
}

void add_accounts(identity::UserDatabase& users, TimePoint now) {
  using identity::Role;
  for (const auto& [user, name, role] :
       {std::tuple("d.lead", "Dee Lead", Role::dsl), std::tuple("d.eputy", "Dominic Eputy", Role::deputy),
        std::tuple("h.ead", "Helen Ead", Role::head), std::tuple("g.overnor", "Grace Overnor", Role::governor),
        std::tuple("t.ech", "Tom Ech", Role::technician), std::tuple("a.dmin", "Ada Min", Role::administrator)}) {
    if (const auto added = identity::Users(users).add(user, name, role, kPassword, now); !added) {
      std::cerr << added.error().text() << "\n";
    }
  }
}

int serve(const std::filesystem::path& folder, std::uint16_t port) {
  const TimePoint now = wall_now();
  if (!std::filesystem::exists(folder / "breaches.db")) {
    fill(folder, now);
    add_sums(folder);
  }
  auto users = identity::UserDatabase::open(folder);
  auto people = identity::PeopleDatabase::open(folder);
  auto tls = web::Tls::load_or_create({.folder = folder, .school = "Ashford Oaks Primary School"}, now);
  auto clock = rules::SiteClock::open("Europe/London");
  if (!users || !people || !tls || !clock) throw std::runtime_error("the state folder cannot be used");
  add_accounts(**users, now);

  console::Hooks hooks;
  hooks.open_measure = [&](rules::Measure measure) -> Result<std::string> {
    auto desk = casework::DeskStore::open(folder);
    if (!desk) return std::unexpected(desk.error());
    return casework::MeasureStore(**desk, nullptr).open(std::move(measure), {}, wall_now());
  };
  hooks.close_measure = [&](std::string_view id, std::string_view by, std::string_view why) -> Result<void> {
    auto desk = casework::DeskStore::open(folder);
    if (!desk) return std::unexpected(desk.error());
    return casework::MeasureStore(**desk, nullptr).close(id, by, why, {}, wall_now());
  };
  hooks.policy = [] {
    return console::PolicyFacts{.version = "6f1c2a",
                                .groups = {{"ks1", "Early Years and Key Stage 1"},
                                           {"ks2", "Key Stage 2"},
                                           {"staff", "Staff"},
                                           {"byod", "Own devices"}},
                                .session_lists = {"phonics"},
                                .approvals = {{"allow probability-lesson.example", "headteacher, until 2026-12-18"}}};
  };
  hooks.protection = [] {
    using enum rules::ProtectionState;
    return rules::Protection{
        .rows = {{.group = "ks2", .category = "games", .state = protected_, .lists = {"games"}},
                 {.group = "ks2", .category = "hate", .state = stale, .lists = {"hate"}, .stale = {"hate"}},
                 {.group = "ks1", .category = "drugs", .state = empty, .known_gap = "A list is applied for."}}};
  };
  hooks.what_cannot_be_seen = [] {
    return std::vector<console::Limit>{
        {"Inside encrypted pages that are not opened",
         "inspection is selective: only where a rule needs more than the name", "Adults look at screens"},
        {"Telephones on mobile data", "they do not pass the school’s gateway", "Telephones are handed in"}};
  };
  hooks.list_ages = [] {
    return std::vector<console::ListAge>{
        {"ut1-gambling", "gambling", 1'234, wall_now() - std::chrono::hours(7), "fresh", "CC BY-SA"}};
  };
  hooks.name_of = [](std::string_view user) {
    for (const auto& [account, name] :
         {std::pair("amelia.hughes", "Amelia Hughes"), std::pair("ben.okafor", "Ben Okafor"),
          std::pair("chloe.davies", "Chloe Davies"), std::pair("ella.begum", "Ella Begum")}) {
      if (user == account) return std::string(name);
    }
    return std::string();
  };
  const console::ASchool school(folder, **users);
  school.add_to(hooks);
  changes::ChangeControl changes(school.parts());
  console::Console desk({.school = "Ashford Oaks Primary School",
                         .gateway = "gw-1",
                         .state = folder,
                         .decisions = std::filesystem::exists(folder / "decisions.jsonl") ? folder / "decisions.jsonl"
                                                                                          : std::filesystem::path(),
                         .clock = &*clock,
                         .users = **users,
                         .people = people->get(),
                         .sessions = nullptr,
                         .hooks = std::move(hooks),
                         .changes = &changes});
  auto server = web::Server::start("desk", {{.address = *names::IpAddress::parse("127.0.0.1"),
                                             .port = port,
                                             .tls = *tls,
                                             .router = std::make_shared<const web::Router>(desk.router())}});
  if (!server) throw std::runtime_error(server.error().text());
  std::printf("{\"port\":%d,\"password\":\"%.*s\"}\n", (*server)->ports().front(), static_cast<int>(kPassword.size()),
              kPassword.data());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
  }
  (*server)->stop();
  return 0;
}

}  // namespace
}  // namespace schoolgate

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "usage: serve_desk FOLDER [PORT]\n";
    return 2;
  }
  try {
    return schoolgate::serve(arguments[1],
                             count > 2 ? static_cast<std::uint16_t>(std::stoi(arguments[2])) : std::uint16_t(0));
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << "\n";
    return 1;
  }
}
