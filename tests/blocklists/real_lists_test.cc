// The importers on the real lists of the sibling folder shared/data (or $SCHOOLGATE_DATA): what they take must agree
// with the independent count that lies beside them (lists/STATS.tsv), and one list in many formats must be one list.
#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <sstream>

#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

namespace fs = std::filesystem;

// Empty when the data are not there, as on a machine that only has the repository.
fs::path lists_folder() {
  const char* given = std::getenv("SCHOOLGATE_DATA");
  const fs::path data = given != nullptr ? fs::path(given) : fs::path(SCHOOLGATE_SOURCE_DIR) / ".." / "shared" / "data";
  std::error_code error;
  return fs::exists(data / "lists" / "STATS.tsv", error) ? data / "lists" : fs::path();
}

struct Row {
  std::string file;
  std::map<std::string, std::uint64_t> count;
  Format format;
};

std::vector<Row> rows_of(const fs::path& folder) {
  static const std::map<std::string, Format> kFormats = {{"plain", Format::domains},   {"hosts", Format::hosts},
                                                         {"adblock", Format::adblock}, {"dnsmasq", Format::dnsmasq},
                                                         {"unbound", Format::unbound}, {"expr", Format::expressions}};
  std::ifstream in(folder / "STATS.tsv");
  std::vector<std::string> names;
  std::vector<Row> rows;
  for (std::string line; std::getline(in, line);) {
    std::istringstream cells(line);
    std::vector<std::string> row;
    for (std::string cell; std::getline(cells, cell, '\t');) row.push_back(cell);
    if (names.empty()) {
      names = row;
      continue;
    }
    const auto format = kFormats.find(row.at(1));
    if (format == kFormats.end() || !row[0].ends_with(".gz")) continue;
    Row out{row[0], {}, format->second};
    if (out.format == Format::domains && row[0].find("urls") != std::string::npos) out.format = Format::urls;
    for (std::size_t i = 2; i < row.size(); ++i) out.count[names[i]] = std::strtoull(row[i].c_str(), nullptr, 10);
    rows.push_back(std::move(out));
  }
  return rows;
}

ListReport import(const fs::path& path, Format format, const fs::path& image) {
  ListSource source{.name = path.filename().string(), .category = "x", .format = format, .path = path};
  auto report = compile(std::span(&source, 1), image);
  EXPECT_TRUE(report) << report.error().text();
  return report ? std::move(report->lists[0]) : ListReport{};
}

TEST(RealLists, TakeWhatAnIndependentCountFound) {
  const fs::path folder = lists_folder();
  if (folder.empty()) {
    std::puts("The real lists are not on this machine (SCHOOLGATE_DATA): nothing was compared.");
    return;
  }
  const TemporaryFolder work;
  const auto rows = rows_of(folder);
  ASSERT_GT(rows.size(), 200u);
  std::uint64_t taken = 0, counted = 0;
  for (const Row& row : rows) {
    const ListReport report = import(folder / row.file, row.format, work.path() / "image");
    const auto count = [&](const char* name) { return row.count.at(name); };
    std::uint64_t expected = count("domains") + count("ips") + count("ip_port") + count("cidr") + count("urls") +
                             count("regex") + count("host_port");
    // Where the two rightly differ.
    std::uint64_t slack = 2 + expected / 1000;
    slack += report.public_suffix_count;  // ".abb", "gouv.fr": rejected as bare public suffixes
    if (row.file == "vpn/az0-windscribe.domains.gz")
      slack += 100;  // "name,Country of two words" is a name all the same
    if (row.file == "malware/maltrail.trails.gz") slack += 93'000;  // paths without a host are no entries
    if (row.format == Format::adblock) {
      // The count has rules with conditions and pieces of URLs among the rest; what is left out is said to be.
      EXPECT_LE(report.accepted(), expected + slack) << row.file;
      EXPECT_GE(report.accepted() + report.skipped + report.rejected, expected) << row.file;
    } else {
      EXPECT_NEAR(double(report.accepted()), double(expected), double(slack)) << row.file;
    }
    EXPECT_LE(report.rejected, slack) << row.file;
    taken += report.accepted();
    counted += expected;
  }
  EXPECT_GT(taken, 5'900'000u);
  EXPECT_GT(double(taken), 0.98 * double(counted));
}

TEST(RealLists, OneListInSixFormatsIsOneList) {
  const fs::path folder = lists_folder();
  if (folder.empty()) {
    std::puts("The real lists are not on this machine (SCHOOLGATE_DATA): nothing was compared.");
    return;
  }
  const std::map<std::string, Format> formats = {{"adblock", Format::adblock}, {"dnsmasq", Format::dnsmasq},
                                                 {"domains", Format::domains}, {"hosts", Format::hosts},
                                                 {"unbound", Format::unbound}, {"wildcard", Format::domains}};
  for (const std::string list : {"hagezi-bypass", "hagezi-fake"}) {
    const TemporaryFolder work;
    std::vector<ListSource> sources;
    for (const auto& [ending, format] : formats)
      sources.push_back({.name = ending,
                         .category = "x",
                         .format = format,
                         .path = folder / "formats" / (list + "." + ending + ".gz")});
    const auto report = compile(sources, work.path() / "image");
    ASSERT_TRUE(report) << report.error().text();
    // Every host is an entry of all six, so the image has as many keys as each of them.
    for (const ListReport& one : report->lists) {
      EXPECT_EQ(one.hosts, report->host_keys) << list << " as " << one.name;
      EXPECT_EQ(one.rejected, 0u) << list << " as " << one.name;
    }
  }
}

}  // namespace
}  // namespace schoolgate::blocklists
