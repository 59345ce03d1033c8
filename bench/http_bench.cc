// What a head costs: reading it, writing it on, and the chunked coding.
//
//   nice ./build/release/http_bench --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>

#include "proxy/http/chunked.h"
#include "proxy/http/read_head.h"
#include "proxy/http/write_head.h"

namespace {

using namespace schoolgate;

constexpr std::string_view kSmallRequest =
    "GET http://origin.example/1k HTTP/1.1\r\nHost: origin.example\r\nAccept: */*\r\n\r\n";

constexpr std::string_view kBrowserRequest =
    "GET /lessons/year-4/fractions?page=2&lang=en HTTP/1.1\r\n"
    "Host: www.lessons.example\r\n"
    "Connection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"128\", \"Not;A=Brand\";v=\"24\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "User-Agent: Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: no-cors\r\n"
    "Sec-Fetch-Dest: image\r\n"
    "Referer: https://www.lessons.example/lessons/year-4\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Cookie: session=c29tZXRoaW5nIG9wYXF1ZQ; seen=1\r\n\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 22 Nov 2026 09:30:00 GMT\r\nContent-Type: text/html\r\n"
    "Content-Length: 1024\r\nLast-Modified: Sat, 21 Nov 2026 10:00:00 GMT\r\nConnection: keep-alive\r\n"
    "ETag: \"69203f10-400\"\r\nAccept-Ranges: bytes\r\n\r\n";

void read_request(benchmark::State& state, std::string_view bytes) {
  const auto head = std::make_unique<http::RequestHead>();
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes);
    const auto outcome = http::read_request_head(bytes, 0, {}, *head);
    if (outcome.kind != http::HeadOutcome::Kind::complete) state.SkipWithError(outcome.why);
    benchmark::DoNotOptimize(head.get());
    benchmark::ClobberMemory();
  }
  state.SetLabel(std::to_string(bytes.size()) + " bytes");
}
BENCHMARK_CAPTURE(read_request, small, kSmallRequest);
BENCHMARK_CAPTURE(read_request, browser, kBrowserRequest);

void read_response(benchmark::State& state) {
  const auto request = std::make_unique<http::RequestHead>();
  const auto head = std::make_unique<http::ResponseHead>();
  for (auto _ : state) {
    const auto outcome = http::read_response_head(kResponse, 0, {}, *request, *head);
    if (outcome.kind != http::HeadOutcome::Kind::complete) state.SkipWithError(outcome.why);
    benchmark::DoNotOptimize(head.get());
    benchmark::ClobberMemory();
  }
  state.SetLabel(std::to_string(kResponse.size()) + " bytes");
}
BENCHMARK(read_response);

void write_request(benchmark::State& state, std::string_view bytes) {
  const auto head = std::make_unique<http::RequestHead>();
  if (http::read_request_head(bytes, 0, {}, *head).kind != http::HeadOutcome::Kind::complete) std::abort();
  std::array<char, 4096> room;
  for (auto _ : state) {
    http::HeadWriter out(room);
    http::write_request_head(out, *head, "/1k", "origin.example", {"schoolgate"});
    benchmark::DoNotOptimize(room.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(write_request, small, kSmallRequest);
BENCHMARK_CAPTURE(write_request, browser, kBrowserRequest);

void write_response(benchmark::State& state) {
  const auto request = std::make_unique<http::RequestHead>();
  const auto head = std::make_unique<http::ResponseHead>();
  if (http::read_response_head(kResponse, 0, {}, *request, *head).kind != http::HeadOutcome::Kind::complete)
    std::abort();
  std::array<char, 4096> room;
  for (auto _ : state) {
    http::HeadWriter out(room);
    http::write_response_head(out, *head, *request, http::ClientFraming::as_received, true, {"schoolgate"});
    benchmark::DoNotOptimize(room.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(write_response);

void decode_chunks(benchmark::State& state) {
  std::string body;
  const auto size = std::size_t(state.range(0));
  for (std::size_t total = 0; total < 64 * 1024; total += size) {
    std::array<char, 20> room;
    body += http::chunk_size_line(size, room);
    body += std::string(size, 'x') + "\r\n";
  }
  body += "0\r\n\r\n";
  std::string work;
  for (auto _ : state) {
    state.PauseTiming();
    work = body;
    state.ResumeTiming();
    http::ChunkDecoder decoder;
    const auto step = decoder.decode(work);
    if (step.status != http::ChunkDecoder::Status::finished) state.SkipWithError("not finished");
    benchmark::DoNotOptimize(work.data());
  }
  state.SetBytesProcessed(std::int64_t(state.iterations()) * std::int64_t(body.size()));
}
BENCHMARK(decode_chunks)->Arg(16)->Arg(1024)->Arg(16 * 1024);

}  // namespace

BENCHMARK_MAIN();
