// What a name costs: every proxied request passes Host::parse and Url::from_parts once.
#include <benchmark/benchmark.h>

#include <string>

#include "names/host.h"
#include "names/ip_address.h"
#include "names/url.h"

namespace {

using namespace schoolgate::names;

constexpr std::string_view kTarget = "/lessons/year6/fractions?page=2&lang=en";

void host_parse(benchmark::State& state, std::string_view text) {
  for (auto _ : state) benchmark::DoNotOptimize(Host::parse(text));
}
BENCHMARK_CAPTURE(host_parse, plain, "www.example.org");
BENCHMARK_CAPTURE(host_parse, upper_case, "WWW.Assets.Learning.Example.ORG");
BENCHMARK_CAPTURE(host_parse, ipv4, "192.0.2.17");
BENCHMARK_CAPTURE(host_parse, ipv6, "[2001:db8::17]");
BENCHMARK_CAPTURE(host_parse, a_label, "xn--bcher-kva.example");
BENCHMARK_CAPTURE(host_parse, unicode, "bücher.example");
BENCHMARK_CAPTURE(host_parse, refused, "a..example");

void url_parse(benchmark::State& state, std::string_view text) {
  for (auto _ : state) benchmark::DoNotOptimize(Url::parse(text));
}
BENCHMARK_CAPTURE(url_parse, canonical_60_bytes, "https://www.example.org/lessons/year6/fractions?page=2&lg=en");
BENCHMARK_CAPTURE(url_parse, list_entry, "Example.COM/Path/?q");
BENCHMARK_CAPTURE(url_parse, escaped, "http://www.example.org/a%20b/./c//d?q=%C3%BC%26x");

void url_from_parts(benchmark::State& state) {
  const Host host = *Host::parse("www.example.org");
  for (auto _ : state) benchmark::DoNotOptimize(Url::from_parts("http", host, 80, kTarget));
}
BENCHMARK(url_from_parts);

void url_of_host(benchmark::State& state) {
  const Host host = *Host::parse("www.example.org");
  for (auto _ : state) benchmark::DoNotOptimize(Url::of_host(host, 443));
}
BENCHMARK(url_of_host);

// An absolute-form request: the host from its text, then the URL from its pieces.
void host_and_url(benchmark::State& state) {
  for (auto _ : state) {
    const auto host = Host::parse("www.example.org");
    benchmark::DoNotOptimize(Url::from_parts("http", *host, 80, kTarget));
  }
}
BENCHMARK(host_and_url);

// 64 KiB of "%252525…": each collapse takes two bytes away, so the time stays linear.
void url_of_nested_escapes(benchmark::State& state) {
  std::string text = "http://www.example.org/%";
  while (text.size() + 2 <= 65536) text += "25";
  for (auto _ : state) benchmark::DoNotOptimize(Url::parse(text));
  state.SetBytesProcessed(std::int64_t(state.iterations()) * std::int64_t(text.size()));
}
BENCHMARK(url_of_nested_escapes);

void address_is_special(benchmark::State& state) {
  const IpAddress address = *IpAddress::parse("2001:4860:4860::8888");
  for (auto _ : state) benchmark::DoNotOptimize(address.is_special());
}
BENCHMARK(address_is_special);

}  // namespace

BENCHMARK_MAIN();
