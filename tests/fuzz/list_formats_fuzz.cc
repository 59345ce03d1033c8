// A list from anywhere, in every format: its first byte chooses which. Read line by line as the compiler does, plain or
// gzip, into canonical entries and keys; never a crash, never more lines told than there are.
#include <cstdlib>
#include <string>

#include "blocklists/line_reader.h"
#include "blocklists/open_list.h"
#include "blocklists/sealed_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace schoolgate::blocklists;
  if (size < 1) return 0;
  const auto names = format_names();
  const auto format = *format_from(names[data[0] % names.size()]);
  const auto importer = importer_for(is_folder_format(format) ? Format::domains : format);
  const bool sealed = data[0] >= 128;
  ListSource source;
  source.name = "fuzz";
  source.sealed = sealed;
  OpenList open(HashKey{1, 2}, source);
  const Sealer sealer(SealedKey{});
  SealedList closed(sealer, source, 0);
  ListIntake& intake = sealed ? static_cast<ListIntake&>(closed) : open;

  ReadLimits limits;
  limits.line = 4096;
  limits.unpacked = 1u << 20;
  auto reader = LineReader::over({reinterpret_cast<const char*>(data) + 1, size - 1}, limits);
  const std::string file;
  LineReader::Line line;
  while (reader.next(line)) {
    intake.at(file, line.number, line.text);
    ++intake.report().lines;
    if (!line.too_long) importer->line(line.text, intake);
  }
  std::uint64_t kept = 0;
  if (sealed) {
    std::vector<SealedEntry> hosts, urls;
    closed.finish(hosts, urls);
  } else {
    open.finish({.host = [&](std::uint64_t) { ++kept; },
                 .url = [&](std::uint64_t) { ++kept; },
                 .url_host = [](std::uint64_t) {}});
    const ListReport& report = open.report();
    if (kept != report.hosts + report.urls) std::abort();
    if (report.accepted() != open.entries()) std::abort();
  }
  for (const LineNote& note : intake.report().notes)
    if (sealed && !note.text.empty()) std::abort();
  return 0;
}
