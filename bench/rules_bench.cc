// What a decision costs: own rules by hash, a thousand patterns, categories, schedules.
//
// build/release/rules_bench            (docs/benchmarks.md has the figures and the machine)
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "names/url.h"
#include "rules/pattern_set.h"
#include "rules/snapshot.h"

namespace schoolgate::rules {
namespace {

constexpr int kUrls = 4096;

std::string word(std::mt19937& random, std::size_t letters) {
  std::string made;
  for (std::size_t i = 0; i < letters; ++i) made += static_cast<char>('a' + random() % 26);
  return made;
}

/// URLs as browsers ask for: a name of three labels, a path of some words, now and then a query.
std::vector<Request> requests(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Request> made;
  for (int i = 0; i < kUrls; ++i) {
    std::string url = "https://www." + word(random, 6 + random() % 10) + ".example";
    for (auto n = random() % 4; n > 0; --n) url += "/" + word(random, 3 + random() % 9);
    if (random() % 3 == 0) url += "?" + word(random, 2) + "=" + word(random, 12);
    made.push_back(Request::of_url(*names::Url::parse(url), "GET"));
  }
  return made;
}

/// Patterns of the kinds that schools and list makers write.
std::string pattern(std::mt19937& random) {
  const std::string a = word(random, 4 + random() % 5), b = word(random, 4 + random() % 4);
  switch (random() % 5) {
    case 0: return "(?i)" + a + "[-_]?" + b;
    case 1: return "(" + a + "|" + b + ")";
    case 2: return "^https?://([a-z0-9-]+\\.)*" + a + "\\.example/";
    case 3: return "/" + a + "/.*" + b;
    default: return "(^|[./-])" + a + "s?([./-]|$)";
  }
}

PolicySpec school(int rules, int patterns) {
  PolicySpec spec;
  spec.version = "bench";
  spec.timezone = "Europe/London";
  spec.groups.resize(2);
  for (int i = 0; i < 2; ++i) {
    GroupSpec& group = spec.groups[static_cast<std::size_t>(i)];
    group.id = i == 0 ? "ks2" : "staff";
    group.categories = {{"gambling", Action::block, {}}, {"games", Action::warn, {}}};
  }
  ScheduleSpec lunch;
  lunch.days = {true, true, true, true, true, false, false};
  lunch.from_minute = 735;
  lunch.to_minute = 795;
  lunch.categories = {{"games", Action::allow, {}}};
  spec.groups[0].schedules = {lunch, lunch};
  spec.fallback = "ks2";
  std::mt19937 random(42);
  for (int i = 0; i < rules + patterns; ++i) {
    RuleSpec rule;
    rule.effect = i % 3 == 0 ? RuleSpec::Effect::allow : RuleSpec::Effect::block;
    rule.category = "gambling";
    rule.kind = i >= rules ? RuleSpec::Kind::pattern : i % 2 == 0 ? RuleSpec::Kind::site : RuleSpec::Kind::url;
    rule.text =
        i >= rules ? pattern(random) : word(random, 10) + ".example" + (i % 2 == 0 ? "" : "/" + word(random, 5));
    spec.rules.push_back(std::move(rule));
  }
  return spec;
}

std::shared_ptr<const PolicySnapshot> compiled(int rules, int patterns) {
  Problems warnings;
  auto snapshot =
      PolicySnapshot::compile(school(rules, patterns), blocklists::CategoryDb::empty(), wall_now(), warnings);
  if (!snapshot) std::abort();
  return *snapshot;
}

/// Arguments: site and URL rules, patterns.
void decide(benchmark::State& state) {
  const auto snapshot = compiled(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  const std::vector<Request> asked = requests(1);
  const Subject subject{.group = 0};
  const TimePoint now = *from_rfc3339("2026-11-24T12:30:00Z");
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(snapshot->decide(subject, asked[i++ % kUrls], Stage::request, now));
}
BENCHMARK(decide)
    ->Args({0, 0})
    ->Args({100, 0})
    ->Args({10'000, 0})
    ->Args({100, 100})
    ->Args({100, 1'000})
    ->Args({10'000, 1'000});

/// The same question when only the name is known.
void decide_by_name(benchmark::State& state) {
  const auto snapshot = compiled(100, 1'000);
  std::vector<Request> asked;
  for (const Request& request : requests(1))
    asked.push_back(Request::of_host(*names::Host::parse(request.url().host()), 443, "CONNECT"));
  const TimePoint now = *from_rfc3339("2026-11-24T12:30:00Z");
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(snapshot->decide({.group = 0}, asked[i++ % kUrls], Stage::connect, now));
}
BENCHMARK(decide_by_name);

/// A thousand patterns alone: which of them occur in this URL?
void patterns(benchmark::State& state) {
  std::mt19937 random(42);
  std::vector<std::string> all;
  for (int i = 0; i < state.range(0); ++i) all.push_back(pattern(random));
  PatternSet set;
  if (set.build(all)) std::abort();
  const std::vector<Request> asked = requests(1);
  std::size_t i = 0;
  for (auto _ : state) {
    const std::string& text = asked[i++ % kUrls].url().text();
    int found = 0;
    bool sure = set.for_each_candidate(
        text, [&](std::size_t number) { found += set.search(number, text) == PatternSet::Answer::yes; });
    benchmark::DoNotOptimize(found);
    benchmark::DoNotOptimize(sure);
  }
}
BENCHMARK(patterns)->Arg(100)->Arg(1'000)->Arg(10'000);

/// Who is it? Argument: the groups of the directory that the person is in; the policy names twenty.
void subject_for(benchmark::State& state) {
  std::mt19937 random(7);
  PolicySpec spec = school(0, 0);
  for (int i = 0; i < 20; ++i)
    spec.groups[std::size_t(i) % 2].directory_groups.push_back({"year " + word(random, 6), {}});
  for (int i = 0; i < 20; ++i) spec.groups[std::size_t(i) % 2].users.push_back({word(random, 10), {}});
  spec.groups[0].devices.push_back({"phone", {}});
  for (std::uint32_t i = 0; i < 64; ++i)
    spec.groups[i % 2].networks.push_back(
        {*names::IpNetwork::parse("10." + std::to_string(i) + ".0.0/" + std::to_string(16 + i % 4)), {}});
  Problems warnings;
  const auto snapshot = PolicySnapshot::compile(spec, blocklists::CategoryDb::empty(), wall_now(), warnings);
  if (!snapshot) std::abort();
  Presence presence;
  presence.device = {.mac = "02:00:5e:10:00:01", .name = {}, .kind = "school", .owner = {}};
  Person& person = presence.person.emplace();
  person.user = "amelia.hughes";
  for (int i = 0; i < state.range(0); ++i) person.groups.push_back("class " + word(random, 4 + random() % 10));
  if (!person.groups.empty()) person.groups.back() = member_name(spec.groups[1].directory_groups[3].name);
  const auto address = *names::IpAddress::parse("10.20.2.9");
  const Presence* const known = state.range(0) < 0 ? nullptr : &presence;
  for (auto _ : state) benchmark::DoNotOptimize((*snapshot)->subject_for(address, known));
}
BENCHMARK(subject_for)->Arg(-1)->Arg(0)->Arg(5)->Arg(50)->Arg(200);

void compile_policy(benchmark::State& state) {
  const PolicySpec spec = school(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  for (auto _ : state) {
    Problems warnings;
    benchmark::DoNotOptimize(PolicySnapshot::compile(spec, blocklists::CategoryDb::empty(), wall_now(), warnings));
  }
}
BENCHMARK(compile_policy)->Args({100, 20})->Args({10'000, 1'000})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace schoolgate::rules

BENCHMARK_MAIN();
