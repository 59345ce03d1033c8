#include "breaches/export.h"

#include <array>
#include <string>

#include "breaches/breach_store.h"
#include "breaches/csv.h"

namespace schoolgate::breaches {
namespace {

// Read in steps: one long read would keep the writer from emptying its write-ahead log.
constexpr std::int64_t kStep = 1000;

constexpr std::array kColumns = {"id",           "seq",           "school",
                                 "gateway",      "time",          "group",
                                 "person",       "confidence",    "device",
                                 "action",       "category",      "theme",
                                 "urgency",      "site",          "url",
                                 "search",       "site_hash",     "url_hash",
                                 "method",       "stage",         "initiated",
                                 "reason.tier",  "reason.rule",   "reason.list",
                                 "reason.entry", "reason.source", "policy_version",
                                 "episode",      "previous_hash", "attempts",
                                 "addresses",    "reference",     "categories",
                                 "since"};

std::string csv_header() {
  std::string line;
  for (const std::string_view column : kColumns) {
    if (!line.empty()) line += ',';
    for (const char c : column) line += c == '.' ? '_' : c;
  }
  return line + "\r\n";
}

std::string query_for(ExportFormat format) {
  std::string columns = "record";
  if (format == ExportFormat::csv) {
    columns.clear();
    for (const char* column : kColumns)
      columns += std::string(columns.empty() ? "" : ", ") + "json_extract(record, '$." + column + "')";
  }
  return "SELECT seq, " + columns +
         " FROM records WHERE seq > ?1 AND seq <= ?2 AND time >= ?3 AND time < ?4 ORDER BY seq LIMIT ?5";
}

void append_row(std::string& out, store::Statement& row, ExportFormat format) {
  if (format == ExportFormat::jsonl) {
    out += row.text(1);
    out += '\n';
    return;
  }
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    if (i > 0) out += ',';
    append_csv_cell(out, row.text(int(i) + 1));
  }
  out += "\r\n";
}

}  // namespace

Result<std::uint64_t> export_breaches(const std::filesystem::path& state_folder, ExportRange range, ExportFormat format,
                                      const std::function<bool(std::string_view)>& write) {
  auto database = store::Database::open(state_folder / kBreachesFile, store::Database::Access::read);
  if (!database) return std::unexpected(database.error());
  auto seqs = store::records_between(*database, range.since, range.until);
  if (!seqs) return std::unexpected(seqs.error());
  auto query = database->prepare(query_for(format));
  if (!query) return std::unexpected(query.error());

  if (format == ExportFormat::csv && !write(csv_header())) return 0;
  std::uint64_t records = 0;
  std::string out;
  for (std::int64_t after = std::int64_t(seqs->first) - 1;;) {
    query->bind(1, after).bind(2, std::int64_t(seqs->last)).bind(3, range.since.time_since_epoch().count());
    query->bind(4, range.until.time_since_epoch().count()).bind(5, kStep);
    out.clear();
    std::int64_t rows = 0;
    auto step = query->step();
    for (; step == store::Statement::Step::row; step = query->step(), ++rows) {
      after = query->integer(0);
      append_row(out, *query, format);
    }
    if (step == store::Statement::Step::failed) return std::unexpected(database->error("read"));
    query->reset();
    records += std::uint64_t(rows);
    if (!out.empty() && !write(out)) return records;
    if (rows < kStep) return records;
  }
}

}  // namespace schoolgate::breaches
