// What a page of the gateway's own costs from memory: the whole response to a denied request.
//
//   nice ./build/release/pages_bench
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "proxy/flow/pages.h"

namespace {

using namespace schoolgate;

void block_page(benchmark::State& state) {
  const auto pages = flow::Pages::load({});
  if (!pages) std::abort();
  const flow::PageFacts facts{.school = "Ashford Oaks Primary School",
                              .reference = "7GQ4-2MXKD9",
                              .site = "www.lucky-spins.example",
                              .reason = "This page is about games that cost money.",
                              .group_title = "Key Stage 2",
                              .contact = "the school office"};
  for (auto _ : state) {
    std::string out;
    pages->append_response(out, facts, true, false);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(block_page);

}  // namespace

BENCHMARK_MAIN();
