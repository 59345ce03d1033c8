// What recording costs: CPU per breach record in groups and alone, the time until a record is durable, and the CPU of a
// line of decisions.jsonl.
//
//   breaches_bench [--benchmark_filter=...]     files go to $TMPDIR (a real disk there makes the latencies real)
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "breaches/breach_log.h"
#include "breaches/decision_log.h"
#include "breaches/record.h"

namespace schoolgate::breaches {
namespace {

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "breaches-bench-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

Breach sample(unsigned i) {
  const TimePoint now = wall_now();
  const std::string site = "play" + std::to_string(i % 97) + ".lucky-spins.example";
  Breach breach;
  breach.id = Uuid::v7(now);
  breach.time = now;
  breach.group = "ks2";
  breach.confidence = "network";
  breach.device = "10.20.2." + std::to_string(i % 250);
  breach.action = "block";
  breach.site = site;
  breach.url = "http://" + site + "/games/roulette/live-table?session=0123456789abcdef";
  breach.method = "GET";
  breach.stage = "request";
  breach.reason.tier = "category";
  breach.reason.list = "ut1-gambling";
  breach.reason.category = "gambling";
  breach.reason.entry = "lucky-spins.example";
  breach.reason.source = "lists/gambling/domains";
  breach.reason.policy_version = "6f1c2a9b40d1";
  breach.reason.theme = "gambling";
  breach.reason.urgency = 2;
  return breach;
}

double process_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Lets a number of requests be open at a time; waits without spinning, which would count as the log's CPU.
class Openings {
 public:
  explicit Openings(std::int64_t count) : left_(count) {}
  void take() {
    std::unique_lock guard(mutex_);
    changed_.wait(guard, [&] { return left_ > 0; });
    --left_;
  }
  void give_back() {
    const std::lock_guard guard(mutex_);
    if (left_++ == 0) changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t left_;
};

// `in_flight` requests are open at any time: each is appended again as soon as its record is durable.
void durable_records(benchmark::State& state) {
  const Folder folder;
  BreachLogSettings settings;
  settings.folder = folder.path;
  settings.school = "Ashford Oaks Primary School";
  settings.gateway = "gw-1";
  auto log = BreachLog::open(settings);
  if (!log) return state.SkipWithError(log.error().text().c_str());
  const std::int64_t in_flight = state.range(0);
  Openings room(in_flight);
  std::atomic<std::uint64_t> not_durable = 0;
  unsigned i = 0;
  const double cpu_before = process_cpu_seconds();
  for (auto _ : state) {
    room.take();
    (*log)->append(sample(i++), [&](Receipt receipt) {
      if (!receipt.durable) ++not_durable;
      room.give_back();
    });
  }
  for (std::int64_t left = 0; left < in_flight; ++left) room.take();
  const double cpu = process_cpu_seconds() - cpu_before;
  if (not_durable > 0) return state.SkipWithError("records were not durable");
  state.counters["cpu_us_per_record"] = cpu * 1e6 / double(i);
  state.counters["records_per_s"] = benchmark::Counter(double(i), benchmark::Counter::kIsRate);
}
BENCHMARK(durable_records)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->Arg(1024)->UseRealTime()->MinTime(2);

void make_sample(benchmark::State& state) {
  unsigned i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sample(i++));
}
BENCHMARK(make_sample);

void serialise_record(benchmark::State& state) {
  const Folder folder;
  const auto key = store::StateKey::load_or_create(folder.path);
  RecordWriter writer("Ashford Oaks Primary School", "gw-1", *key);
  const Breach breach = sample(7);
  std::string out;
  for (auto _ : state) {
    writer.write(out, breach, 1234567, "0199aa00-0000-7000-8000-000000000000");
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["bytes"] = double(out.size());
}
BENCHMARK(serialise_record);

void hash_record(benchmark::State& state) {
  const std::string record(900, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(sha256(record));
}
BENCHMARK(hash_record);

void decision_line(benchmark::State& state) {
  const Folder folder;
  const auto log = DecisionLog::open(folder.path / "decisions.jsonl", std::chrono::hours(24));
  DecisionBuffer buffer(log.get());
  Decision decision{.time = wall_now(),
                    .group = "ks2",
                    .device = "10.20.2.17",
                    .method = "GET",
                    .host = "www.maths-frame.example",
                    .url = "http://www.maths-frame.example/resources/year-6/fractions/index.html?page=2",
                    .action = "allow",
                    .category = "",
                    .stage = "request",
                    .rule = "",
                    .inspected = false,
                    .bytes_in = 412,
                    .bytes_out = 18734,
                    .ms = 23.417};
  const double cpu_before = process_cpu_seconds();
  for (auto _ : state) {
    decision.time += std::chrono::milliseconds(state.iterations() % 8 == 0);
    buffer.append(decision);
    if (state.iterations() % 4096 == 0) log->drain();  // as fast as the disk takes them, so that none is dropped
  }
  buffer.flush();
  log->drain();
  state.counters["cpu_us_with_writer"] = (process_cpu_seconds() - cpu_before) * 1e6 / double(state.iterations());
  state.counters["dropped"] = double(log->dropped());
}
BENCHMARK(decision_line)->MinTime(1);

}  // namespace
}  // namespace schoolgate::breaches

BENCHMARK_MAIN();
