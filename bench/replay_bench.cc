// What `schoolgate replay` costs: replay_bench [DECISIONS] (default 2,000,000), on one core.
//
// Writes a week of an invented school into a temporary folder (420 pupils on 300 devices, 40,000 sites of which few
// have most of the traffic, half of them over HTTPS by name only), then reads and judges it as the command does, under
// a policy with 300 rules of its own and lists of 200,000 sites, and under the same one with 20 rules more.
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "blocklists/category_db.h"
#include "blocklists/compile.h"
#include "breaches/decision_line.h"
#include "breaches/decision_reading.h"
#include "changes/replay.h"
#include "config/load_texts.h"

namespace {

using namespace schoolgate;
namespace fs = std::filesystem;

constexpr std::size_t kSites = 40'000;

std::string site(std::size_t i) { return "www.site" + std::to_string(i) + ".example"; }

struct Policy {
  rules::PolicySpec spec;
  std::shared_ptr<const rules::PolicySnapshot> snapshot;
};

Policy policy_with(std::size_t rules, const std::shared_ptr<const blocklists::CategoryDb>& lists) {
  std::string own = "block:\n";
  for (std::size_t i = 0; i < rules; ++i)
    own += i % 3 == 0 ? "  - { url: \"" + site(i * 37) + "/casino\", category: gambling }\n"
                      : "  - { site: " + site(i * 41) + ", category: violence }\n";
  const std::string groups = R"(groups:
  ks1: { members: { networks: ["10.20.1.0/24"] }, unlisted: block, categories: { games: block } }
  ks2:
    members: { groups: ["year 3", "year 4", "year 5", "year 6"], networks: ["10.20.2.0/23"] }
    categories: { gambling: block, games: warn, social-media: block, chat: monitor }
    schedules: [ { when: { days: [mon, tue, wed, thu, fri], from: "12:15", to: "13:15" }, categories: { games: allow } } ]
  staff: { members: { groups: [staff], networks: ["10.20.8.0/24"] }, categories: { gambling: block } }
fallback: ks2
)";
  const std::string settings =
      "site: { name: A School, timezone: Europe/London }\nstate: state\nlisten: { proxy: [\"127.0.0.1:8080\"] }\n"
      "inspection: { mode: selective }\n";
  auto loaded =
      config::load_texts("config", {{"schoolgate.yaml", settings}, {"policy.yaml", groups}, {"rules/a.yaml", own}}, {});
  Policy policy;
  if (!loaded.configuration) std::abort();
  policy.spec = std::move(loaded.configuration->policy);
  Problems warnings;
  auto compiled = rules::PolicySnapshot::compile(policy.spec, lists, wall_now(), warnings);
  if (!compiled) std::abort();
  policy.snapshot = std::move(*compiled);
  return policy;
}

std::shared_ptr<const blocklists::CategoryDb> lists_in(const fs::path& folder) {
  std::vector<blocklists::ListSource> sources;
  for (const char* category : {"gambling", "games", "social-media", "chat"}) {
    std::ofstream out(folder / category);
    for (std::size_t i = 0; i < 50'000; ++i)
      out << "site" << (i * 4 + std::size_t(category[1])) * (i % 50 == 0 ? 1 : 1000) << ".example\n";
    out.close();
    sources.push_back({.name = category, .category = category, .path = folder / category});
  }
  if (!blocklists::compile(sources, folder / "image")) std::abort();
  return *blocklists::CategoryDb::open(folder / "image");
}

void write_log(const fs::path& file, std::size_t count, TimePoint since) {
  std::mt19937_64 random(7);
  const std::vector<std::vector<std::string>> groups{
      {"year 3", "choir"}, {"year 4"}, {"year 5"}, {"year 6", "prefects"}, {"staff"}};
  std::ofstream out(file);
  std::string lines;
  breaches::TimeText time_text;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t who = random() % 420, device = who * 300 / 420;
    const double u = double(random() % 1'000'000 + 1) / 1'000'001;
    const auto at = std::size_t(std::pow(double(kSites), u)) - 1;  // as often as 1/rank
    const std::string host = site(at),
                      address = "10.20." + std::to_string(1 + device % 3) + "." + std::to_string(device / 3);
    const std::string person = "pupil." + std::to_string(who);
    const std::size_t how = random() % 4;
    std::string url = (how == 0 ? "http://" : "https://") + host + "/";
    if (how < 2) url += random() % 3 == 0 ? "" : "lessons/part" + std::to_string(random() % 60) + "/page.html";
    breaches::Decision decision{
        .time = since + std::chrono::milliseconds(std::int64_t(i) * 7 * 86'400'000 / std::int64_t(count)),
        .group = "ks2",
        .device = address,
        .method = how < 2 ? "GET" : "CONNECT",
        .host = host,
        .url = url,
        .action = "allow",
        .stage = how < 2 ? "request" : "connect",
        .rule = "unlisted",
        .person = person,
        .confidence = "login",
        .source = "negotiate",
        .groups = groups[who % groups.size()],
        .kind = "school"};
    decision.inspected = how == 1;
    decision.bytes_in = random() % 100'000;
    decision.bytes_out = random() % 2'000;
    decision.ms = double(random() % 90'000) / 1000;
    breaches::append_decision_line(lines, decision, time_text);
    if (lines.size() > (1u << 20)) {
      out << lines;
      lines.clear();
    }
  }
  out << lines;
}

double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double cpu_seconds() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto of = [](const timeval& time) { return double(time.tv_sec) + double(time.tv_usec) / 1e6; };
  return of(use.ru_utime) + of(use.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::size_t(std::atoll(argv[1])) : 2'000'000;
  std::string name = (fs::temp_directory_path() / "schoolgate-replay-bench-XXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  const TimePoint since = *from_rfc3339("2026-11-16T00:00:00Z"), until = since + std::chrono::days(7);
  const fs::path log = folder / "decisions.jsonl";
  write_log(log, count, since);
  const auto lists = lists_in(folder);
  const Policy before = policy_with(300, lists), after = policy_with(320, lists);
  const auto clock = *rules::SiteClock::open("Europe/London");
  const auto nothing = [](const breaches::DecisionsRead&) {};
  const auto no_packed = [](const fs::path&, const breaches::OnDecisionLine&) -> Result<void> { return {}; };

  std::uint64_t lines = 0;
  const double reading = seconds_of(
      [&] { (void)breaches::read_decisions(log, since, no_packed, [&](std::string_view) { ++lines; }, nothing); });
  const double parse_before = cpu_seconds();
  std::uint64_t parsed = 0;
  breaches::DecisionSeen seen;
  (void)breaches::read_decisions(
      log, since, no_packed, [&](std::string_view line) { parsed += breaches::read_decision_line(line, seen); },
      nothing);
  const double parsing = cpu_seconds() - parse_before;
  changes::Replay replay({before.snapshot, &before.spec, true}, {after.snapshot, &after.spec, true}, clock, since,
                         until);
  const double cpu_before = cpu_seconds();
  const double all = seconds_of([&] {
    (void)breaches::read_decisions(
        log, since, no_packed, [&](std::string_view line) { replay.add_line(line); }, nothing);
  });
  const double cpu = cpu_seconds() - cpu_before;
  const auto result = replay.result();
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  std::printf("%zu decisions, %.0f MB; %llu distinct, %zu rows\n", count, double(fs::file_size(log)) / 1e6,
              static_cast<unsigned long long>(result.distinct), result.rows.size());
  std::printf("read only            %6.2f s\n", reading);
  std::printf("read and parsed      %6.2f s of processor, %llu lines\n", parsing,
              static_cast<unsigned long long>(parsed));
  std::printf("read and judged      %6.2f s, %.2f s of processor, %.2f million decisions a second of processor\n", all,
              cpu, double(result.judged) / cpu / 1e6);
  std::printf("each distinct one    %6.2f us by both policies, at most\n", cpu / double(result.distinct) * 1e6);
  std::printf("peak memory          %6.0f MB\n", double(use.ru_maxrss) / 1024);
  fs::remove_all(folder);
  return result.judged == count ? 0 : 1;
}
