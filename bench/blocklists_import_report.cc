// Runs the importers over a folder of real lists and prints what they took of each file, beside what an independent
// count (the folder's STATS.tsv) found in it: the table of docs/list-import-report.md.
//
//     blocklists_import_report FOLDER > docs/list-import-report.md
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "blocklists/compile.h"

namespace {

using namespace schoolgate::blocklists;
namespace fs = std::filesystem;

std::optional<Format> format_of(const std::string& parsed_as) {
  static const std::map<std::string, Format> kFormats = {{"plain", Format::domains},    {"hosts", Format::hosts},
                                                         {"adblock", Format::adblock},  {"dnsmasq", Format::dnsmasq},
                                                         {"expr", Format::expressions}, {"unbound", Format::unbound}};
  const auto known = kFormats.find(parsed_as);
  return known == kFormats.end() ? std::nullopt : std::optional(known->second);
}

std::vector<std::string> columns(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '\t');) out.push_back(cell);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]), 2;
  const fs::path folder = argv[1];
  std::ifstream stats(folder / "STATS.tsv");
  std::string line;
  if (!std::getline(stats, line)) return std::fprintf(stderr, "no STATS.tsv in %s\n", argv[1]), 1;
  std::map<std::string, std::size_t> at;
  {
    const auto names = columns(line);
    for (std::size_t i = 0; i < names.size(); ++i) at[names[i]] = i;
  }
  const fs::path image = fs::temp_directory_path() / ("import-report-" + std::to_string(::getpid()));
  std::printf(
      "# What the importers take of real lists\n\n"
      "Each file was imported alone (`build/release/blocklists_import_report FOLDER`). *Counted* is what an "
      "independent count\n"
      "found: names, addresses, networks, URLs and patterns. *Taken* is what the importer understood; of it "
      "*duplicates* and\n"
      "*covered* entries (below another entry of the same file) leave the image. *Skipped* lines are understood but "
      "nothing a\n"
      "proxy can honour, *rejected* ones are not understood; the last column has the most frequent reasons of both, "
      "and "
      "of\nentries that cover more or less than their line says.\n\n"
      "| file | format | counted | taken | hosts | URLs | patterns | duplicates | covered | skipped | rejected | why "
      "|\n"
      "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n");
  std::uint64_t counted_all = 0, taken_all = 0, skipped_all = 0, rejected_all = 0;
  std::vector<std::string> left;
  while (std::getline(stats, line)) {
    const auto row = columns(line);
    const auto number = [&](const char* name) { return std::strtoull(row[at[name]].c_str(), nullptr, 10); };
    const std::string& file = row[at["file"]];
    auto format = format_of(row[at["parsed_as"]]);
    if (format == Format::domains && file.find("urls") != std::string::npos) format = Format::urls;
    if (!format || file.ends_with(".tsv")) {
      left.push_back(file + " (" + row[at["parsed_as"]] + ")");
      continue;
    }
    ListSource source;
    source.name = file;
    source.category = "any";
    source.format = *format;
    source.path = folder / file;
    const auto report = compile(std::span(&source, 1), image);
    if (!report) return std::fprintf(stderr, "%s: %s\n", file.c_str(), report.error().text().c_str()), 1;
    const ListReport& list = report->lists[0];
    const std::uint64_t counted = number("domains") + number("ips") + number("ip_port") + number("cidr") +
                                  number("urls") + number("regex") + number("host_port");
    std::string why;
    for (std::size_t i = 0; i < list.reasons.size() && i < 4; ++i)
      why += (i ? "; " : "") + std::to_string(list.reasons[i].count) + " × " + list.reasons[i].reason;
    std::printf("| %s | %s | %llu | %llu | %llu | %llu | %llu | %llu | %llu | %llu | %llu | %s |\n", file.c_str(),
                std::string(to_string(*format)).c_str(), (unsigned long long)counted,
                (unsigned long long)list.accepted(), (unsigned long long)list.hosts, (unsigned long long)list.urls,
                (unsigned long long)list.patterns, (unsigned long long)list.duplicates,
                (unsigned long long)list.redundant, (unsigned long long)list.skipped, (unsigned long long)list.rejected,
                why.c_str());
    counted_all += counted, taken_all += list.accepted(), skipped_all += list.skipped, rejected_all += list.rejected;
  }
  std::printf("| **all** | | %llu | %llu | | | | | | %llu | %llu | |\n", (unsigned long long)counted_all,
              (unsigned long long)taken_all, (unsigned long long)skipped_all, (unsigned long long)rejected_all);
  std::printf("\nWithout an importer, so not read:");
  for (const auto& name : left) std::printf(" `%s`", name.c_str());
  std::printf(".\n");
  fs::remove(image);
}
