// What HTTP/2 costs: one request and its answer between two sessions, alone and with others beside it; a large body; a
// head read and written on. Both ends are in the figure: a gateway has both.
//
//   nice ./build/release/h2_bench --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <memory>
#include <string>
#include <vector>

#include "proxy/http/h2_session.h"
#include "proxy/http/h2_translate.h"

namespace {

using namespace schoolgate;
using http::H2Head;
using http::StreamId;

H2Head browser_request() {
  H2Head head;
  head.method = "GET";
  head.scheme = "https";
  head.authority = "www.lessons.example";
  head.path = "/lessons/year-4/fractions?page=2&lang=en";
  head.add("sec-ch-ua", "\"Chromium\";v=\"128\", \"Not;A=Brand\";v=\"24\"");
  head.add("sec-ch-ua-mobile", "?0");
  head.add("user-agent",
           "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 "
           "Safari/537.36");
  head.add("accept", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8");
  head.add("sec-fetch-site", "same-origin");
  head.add("sec-fetch-mode", "no-cors");
  head.add("sec-fetch-dest", "image");
  head.add("referer", "https://www.lessons.example/lessons/year-4");
  head.add("accept-encoding", "gzip, deflate, br");
  head.add("accept-language", "en-GB,en;q=0.9");
  head.add("cookie", "session=c29tZXRoaW5nIG9wYXF1ZQ; seen=1");
  return head;
}

H2Head answer() {
  H2Head head;
  head.status = 200;
  head.add("server", "nginx");
  head.add("date", "Sun, 22 Nov 2026 09:30:00 GMT");
  head.add("content-type", "text/html");
  head.add("content-length", "1024");
  head.add("etag", "\"69203f10-400\"");
  return head;
}

struct Peer final : http::H2Events {
  void on_request(StreamId stream, H2Head&, bool) override {
    session->respond(stream, answer_head, false);
    written = session->send_data(stream, body, true);
  }
  void on_response(StreamId, H2Head&, bool) override {}
  void on_data(StreamId stream, std::string_view bytes) override {
    session->consumed(stream, bytes.size());
    received += bytes.size();
  }
  void on_end(StreamId) override { ++ended; }
  void on_reset(StreamId, http::H2Code) override { std::abort(); }
  void on_writable(StreamId stream) override {
    written += session->send_data(stream, std::string_view(body).substr(written), true);
  }
  http::H2Session* session = nullptr;
  H2Head answer_head = answer();
  std::string body;
  std::size_t written = 0, received = 0;
  int ended = 0;
};

struct Both {
  Both() : client(http::H2Session::client({}, at_client)), server(http::H2Session::server({}, at_server)) {
    at_client.session = client.get();
    at_server.session = server.get();
    run();
  }
  void run() {
    for (bool moved = true; moved;) {
      moved = false;
      while (const std::size_t size = client->take_output(room)) {
        if (!server->receive({room.data(), size})) std::abort();
        moved = true;
      }
      while (const std::size_t size = server->take_output(room)) {
        if (!client->receive({room.data(), size})) std::abort();
        moved = true;
      }
    }
  }
  Peer at_client, at_server;
  std::unique_ptr<http::H2Session> client, server;
  std::vector<char> room = std::vector<char>(32 * 1024);
};

// Time is for all streams together; "items" are requests.
void exchange(benchmark::State& state) {
  Both both;
  both.at_server.body = std::string(1024, 'x');
  const H2Head request = browser_request();
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i)
      if (both.client->request(request, true) == 0) state.SkipWithError("no stream");
    both.run();
    both.client->renew_allowances();
    both.server->renew_allowances();
  }
  if (both.at_client.ended != state.iterations() * state.range(0)) state.SkipWithError("not all were answered");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(exchange)->Arg(1)->Arg(10)->Arg(100);

void body_of_a_megabyte(benchmark::State& state) {
  Both both;
  both.at_server.body = std::string(1024 * 1024, 'x');
  both.at_server.answer_head = H2Head();
  both.at_server.answer_head.status = 200;
  const H2Head request = browser_request();
  for (auto _ : state) {
    if (both.client->request(request, true) == 0) state.SkipWithError("no stream");
    both.run();
  }
  if (both.at_client.received != std::size_t(state.iterations()) * 1024 * 1024) state.SkipWithError("not whole");
  state.SetBytesProcessed(state.iterations() * 1024 * 1024);
}
BENCHMARK(body_of_a_megabyte);

void translate_request(benchmark::State& state) {
  H2Head request = browser_request();
  const auto head = std::make_unique<http::RequestHead>();
  H2Head out;
  for (auto _ : state) {
    if (http::read_request_head(request, true, {}, *head).kind != http::HeadOutcome::Kind::complete) std::abort();
    http::write_request_head(out, *head, "https", head->target, head->host, {"schoolgate"});
    benchmark::DoNotOptimize(out.fields.data());
  }
}
BENCHMARK(translate_request);

// Heap of one idle session, its greeting sent and answered; half of what both ends together hold.
void idle_session(benchmark::State& state) {
  constexpr int kPairs = 50;
  for (auto _ : state) {
    const std::size_t before = mallinfo2().uordblks;
    std::vector<std::unique_ptr<Both>> pairs;
    for (int i = 0; i < kPairs; ++i) {
      pairs.push_back(std::make_unique<Both>());
      pairs.back()->room = std::vector<char>();
    }
    state.counters["bytes"] = double(mallinfo2().uordblks - before) / (2 * kPairs);
  }
}
BENCHMARK(idle_session)->Iterations(3);

}  // namespace

BENCHMARK_MAIN();
