// Bodies of pages as strangers send them: codings, character sets, tags, words. The first byte chooses the coding and
// the kind; whole and in pieces the outcome has to be the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "content/page_reader.h"
#include "content/shipped_phrases.h"

namespace {

using namespace schoolgate::content;

struct Outcome {
  std::uint64_t text = 0;
  long long sum = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view body, std::size_t piece, unsigned kind) {
  static constexpr std::string_view kCodings[] = {"",     "gzip",     "deflate", "br",
                                                  "zstd", "gzip, br", "x",       "deflate, gzip"};
  static constexpr std::string_view kTypes[] = {"text/html", "text/plain; charset=utf-16", "application/json",
                                                "text/html; charset=shift_jis"};
  const std::string_view type = kTypes[kind / 8 % 4];
  PageReader reader(*shipped_phrase_book(), *how_to_read(type, ""), type, kCodings[kind % 8]);
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) reader.feed(body.substr(0, piece));
  reader.finish();
  Outcome outcome{.text = reader.text_bytes()};
  for (const CategoryEvidence& found : reader.evidence()) outcome.sum += found.score;
  return reader.is_bomb() ? Outcome{} : outcome;  // where a bomb ends depends on its pieces
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome whole = read(body, size, data[0]);
  const Outcome pieces = read(body, 1 + data[1] % 64, data[0]);
  const bool coded = data[0] % 8 != 0 && data[0] % 8 != 6;  // what follows a broken coding depends on its pieces
  if (!coded && whole != pieces) std::abort();
  return 0;
}
