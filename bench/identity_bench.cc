// What it costs a request that the gateway knows who asks: judging and the decision line, with and without people.
//
//   nice ./build/release/identity_bench --benchmark_repetitions=9 --benchmark_report_aggregates_only=true
//
// nobody      no presences at all, as a school without any source of identity
// known       400 people are known, one of them asks
// known_busy  and a new map is published every 100 requests: 500 sign-ins in a minute among 800 requests a second
// basic       one who sends the same Proxy-Authorization with every request
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "proxy/flow/serve.h"
#include "proxy/flow/worker.h"
#include "proxy/http/read_head.h"

namespace schoolgate::flow {
namespace {

using rules::Request;

names::IpAddress pupil(std::uint32_t number) { return names::IpAddress::v4(0x0a140000u + number); }

std::shared_ptr<const rules::PresenceMap> school_day() {
  auto map = std::make_shared<rules::PresenceMap>();
  for (std::uint32_t i = 0; i < 400; ++i) {
    auto presence = std::make_shared<rules::Presence>();
    presence->address = pupil(i);
    presence->person = rules::Person{.user = "pupil." + std::to_string(i),
                                     .name = "Pupil " + std::to_string(i),
                                     .groups = {"year 4", "choir", "ks2-pupils"},
                                     .confidence = rules::Confidence::login,
                                     .source = "radius"};
    presence->device.mac = "02:00:5e:10:00:01";
    presence->device.kind = "school";
    map->emplace(presence->address, std::move(presence));
  }
  return map;
}

std::shared_ptr<const rules::PolicySnapshot> policy() {
  rules::PolicySpec spec;
  spec.version = "bench";
  spec.timezone = "Europe/London";
  spec.groups.resize(3);
  spec.groups[0].id = "everybody";
  spec.groups[1].id = "ks2";
  spec.groups[1].directory_groups = {{"ks2-pupils", {}}};
  spec.groups[2].id = "staff";
  spec.groups[2].users = {{"r.jones", {}}};
  for (rules::GroupSpec& group : spec.groups) group.categories = {{"gambling", rules::Action::block, {}}};
  spec.fallback = "everybody";
  Problems warnings;
  auto snapshot = rules::PolicySnapshot::compile(spec, blocklists::CategoryDb::empty(), wall_now(), warnings);
  if (!snapshot) std::abort();
  return *snapshot;
}

// A gateway whose worker has no thread: the benchmark is its thread.
struct Stage {
  explicit Stage(const rules::PresenceStore* presences) {
    std::string name = std::filesystem::temp_directory_path() / "schoolgate-bench-XXXXXX";
    if (!::mkdtemp(name.data())) std::abort();
    folder = name;
    breaches::BreachLogSettings settings;
    settings.folder = folder;
    log = std::move(*breaches::BreachLog::open(settings));
    decisions = breaches::DecisionLog::open(folder / "decisions.jsonl", std::chrono::hours(24));
    pages = std::make_unique<Pages>(std::move(*Pages::load({})));
    gateway.reset(new Gateway{.settings = {},
                              .resolver = {},
                              .guard = std::make_shared<const net::DestinationGuard>(),
                              .dialer = {},
                              .policy = store,
                              .breaches = *log,
                              .decisions = decisions.get(),
                              .pages = *pages,
                              .passes = {},
                              .clients = ClientTable(100),
                              .presences = presences});
    worker = std::move(*Worker::make(*gateway));
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) std::abort();
    far = net::FileDescriptor(pair[1]);
    static_cast<void>(gateway->clients.enter(pupil(7)));
    net::Accepted accepted{.fd = net::FileDescriptor(pair[0]), .peer = {pupil(7), 40'000}};
    connection = std::make_unique<Connection>(std::move(accepted), Entrance::explicit_proxy, *worker);
  }
  ~Stage() {
    connection.reset();
    worker.reset();
    gateway.reset();
    log.reset();
    decisions.reset();
    std::filesystem::remove_all(folder);
  }

  std::filesystem::path folder;
  rules::PolicyStore store{policy()};
  std::unique_ptr<breaches::BreachLog> log;
  std::unique_ptr<breaches::DecisionLog> decisions;
  std::unique_ptr<Pages> pages;
  std::unique_ptr<Gateway> gateway;
  std::unique_ptr<Worker> worker;
  net::FileDescriptor far;
  std::unique_ptr<Connection> connection;
};

void serve(Stage& stage, const Request& request) {
  const Judgement judgement = stage.worker->asking().judge(*stage.connection, request, rules::Stage::request);
  if (judgement.refuses()) std::abort();
  stage.worker->lines().decision(judgement, request, {.bytes_in = 1024});
}

Request request() { return Request::of_url(*names::Url::parse("http://www.lessons.example/year-4/maths"), "GET"); }

void nobody(benchmark::State& state) {
  Stage stage(nullptr);
  const Request asked = request();
  for (auto _ : state) serve(stage, asked);
}
BENCHMARK(nobody);

void known(benchmark::State& state) {
  rules::PresenceStore presences;
  presences.publish(school_day());
  Stage stage(&presences);
  const Request asked = request();
  for (auto _ : state) serve(stage, asked);
}
BENCHMARK(known);

void known_busy(benchmark::State& state) {
  rules::PresenceStore presences;
  const auto one = school_day(), other = school_day();
  presences.publish(one);
  Stage stage(&presences);
  const Request asked = request();
  std::uint64_t count = 0;
  for (auto _ : state) {
    if (++count % 100 == 0) presences.publish(count % 200 == 0 ? one : other);
    serve(stage, asked);
  }
}
BENCHMARK(known_busy);

// Believes everybody at once.
class Believes final : public Authenticator {
 public:
  [[nodiscard]] std::vector<std::string> challenges(const names::IpAddress&) const override { return {"Basic"}; }
  void authenticate(const names::IpAddress&, std::string, std::function<void(Answer)> done) override {
    done({Answer::Kind::accepted, school_day()->begin()->second, {}});
  }
};

void basic(benchmark::State& state) {
  Stage stage(nullptr);
  Believes everybody;
  stage.gateway->authenticator = &everybody;
  const std::string bytes =
      "GET http://www.lessons.example/year-4/maths HTTP/1.1\r\nHost: www.lessons.example\r\nAccept: */*\r\n"
      "Accept-Language: en-GB\r\nProxy-Authorization: Basic YW1lbGlhLmh1Z2hlczpjb3JyZWN0aG9yc2U=\r\n\r\n";
  const auto head = std::make_unique<http::RequestHead>();
  if (http::read_request_head(bytes, 0, {}, *head).kind != http::HeadOutcome::Kind::complete) std::abort();
  // Verified once, on the worker's own loop.
  net::asio::io_context& loop = static_cast<net::asio::io_context&>(stage.worker->executor().context());
  bool verified = false;
  net::asio::co_spawn(
      stage.worker->executor(),
      verify_credentials(*stage.connection, std::string(head->fields.find(http::Name::proxy_authorization))),
      [&](const std::exception_ptr&) { verified = true; });
  while (!verified) loop.run_one();
  const Request asked = request();
  for (auto _ : state) {
    if (look_at_credentials(*stage.connection, *head) != ShownCredentials::settled) std::abort();
    serve(stage, asked);
  }
}
BENCHMARK(basic);

}  // namespace
}  // namespace schoolgate::flow

BENCHMARK_MAIN();
