// How fast pages are read: the phrase engine alone, the words, a whole page; and what phrases cost to compile and to
// hold.
//
//     build/release/content_bench
#include <benchmark/benchmark.h>

#include <random>

#include "content/page_reader.h"
#include "content/shipped_phrases.h"

namespace schoolgate::content {
namespace {

// Words of a lesson, without phrases that count.
std::string prose(std::size_t size) {
  static constexpr std::string_view kWords[] = {
      "the",     "river",  "flows",  "from",   "a",       "mountain", "to",    "sea",     "and",
      "carries", "stones", "which",  "become", "smaller", "until",    "they",  "are",     "sand",
      "Rain",    "falls",  "on",     "hills",  "water",   "collects", "in",    "streams", "people",
      "built",   "towns",  "beside", "it",     "because", "boats",    "could", "travel",  "there"};
  std::mt19937 random(3);
  std::string text;
  while (text.size() < size) {
    text += kWords[random() % std::size(kWords)];
    text += random() % 12 == 0 ? ". " : " ";
  }
  return text;
}

// Two to four made-up words each: as many literals as a large school's packs have.
std::shared_ptr<const PhraseBook> book_of(std::size_t count) {
  std::mt19937 random(5);
  const auto word = [&] {
    std::string text;
    for (std::size_t n = 4 + random() % 6; n > 0; --n) text += static_cast<char>('a' + random() % 26);
    return text;
  };
  std::vector<Phrase> phrases;
  for (std::size_t i = 0; i < count; ++i) {
    std::string words = " ";
    for (std::size_t n = 2 + random() % 3; n > 0; --n) words += word() + " ";
    phrases.push_back({.category = "drugs", .parts = {words}, .weight = 10});
  }
  return *PhraseBook::compile(std::move(phrases));
}

void phrase_engine(benchmark::State& state) {
  const auto book = book_of(static_cast<std::size_t>(state.range(0)));
  const std::string words = words_of(prose(1 << 20));
  std::uint64_t found = 0;
  for (auto _ : state) {
    PhraseScan scan(*book);
    for (std::string_view rest = words; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(8192, rest.size())))
      (void)scan.feed(rest.substr(0, 8192), [&](std::uint32_t, std::uint64_t) { ++found; });
  }
  benchmark::DoNotOptimize(found);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * words.size()));
  state.counters["compiled_bytes"] = static_cast<double>(book->bytes());
  state.counters["stream_bytes"] = static_cast<double>(book->bytes_a_scan());
}
BENCHMARK(phrase_engine)->Arg(1'000)->Arg(20'000);

void words(benchmark::State& state) {
  const auto book = *shipped_phrase_book();
  const std::string text = prose(1 << 20);
  std::size_t size = 0;
  for (auto _ : state) {
    WordStream stream(&book->vocabulary());
    stream.feed(text, [&](std::string_view piece) { size += piece.size(); });
  }
  benchmark::DoNotOptimize(size);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(words);

void page_of_65_kilobytes(benchmark::State& state) {
  const auto book = *shipped_phrase_book();
  std::string page = "<html><head><title>Rivers</title><script>" + std::string(10'000, 'x') + "</script></head><body>";
  while (page.size() < 65'000) page += "<div class=\"text\"><p>" + prose(300) + "</p></div>";
  for (auto _ : state) {
    PageReader reader(book, TextKind::markup, "text/html; charset=utf-8", "");
    for (std::string_view rest = page; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(16'384, rest.size())))
      reader.feed(rest.substr(0, 16'384));
    reader.finish();
    benchmark::DoNotOptimize(reader.evidence().size());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * page.size()));
}
BENCHMARK(page_of_65_kilobytes);

void compile_20000_phrases(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(book_of(20'000));
}
BENCHMARK(compile_20000_phrases)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace schoolgate::content

BENCHMARK_MAIN();
