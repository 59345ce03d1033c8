#include "breaches/find_reference.h"

#include <functional>
#include <ranges>

#include "base/uuid.h"
#include "breaches/breach_store.h"
#include "breaches/decision_search.h"
#include "breaches/flat_json.h"
#include "breaches/folding.h"
#include "store/chain.h"
#include "store/sqlite.h"

namespace schoolgate::breaches {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kDigits = 10;

// The newest record that has the number as a field; a text that a client chose may look like the field.
Result<std::optional<Found>> find_by_field(store::Database& database, std::string_view reference) {
  auto query = database.prepare("SELECT record FROM records WHERE instr(record, ?1) > 0 ORDER BY seq DESC");
  if (!query) return std::unexpected(query.error());
  const std::string part = "\"reference\":\"" + std::string(reference) + '"';
  query->bind(1, part);
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step()) {
    const auto object = FlatJson::parse(query->text(0));
    if (object && object->text("reference") == reference)
      return Found{.is_breach = true, .record = std::string(query->text(0))};
  }
  if (step == store::Statement::Step::failed) return std::unexpected(database.error("read"));
  return std::nullopt;
}

// Of old records, which had no such field, the number follows from the id.
Result<std::optional<Found>> find_by_id(store::Database& database, std::string_view reference) {
  auto query = database.prepare(
      "SELECT json_extract(record, '$.id'), record FROM records WHERE instr(record, '\"reference\":\"') = 0"
      " ORDER BY seq DESC");
  if (!query) return std::unexpected(query.error());
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step()) {
    const auto id = Uuid::from_text(query->text(0));
    if (id && id->reference() == reference) return Found{.is_breach = true, .record = std::string(query->text(1))};
  }
  if (step == store::Statement::Step::failed) return std::unexpected(database.error("read"));
  return std::nullopt;
}

/// Hands the sums of minutes that are not over to `take`, as the records that they become, until it returns false. They
/// have no number yet.
Result<void> read_open_sums(store::Database& database, const std::function<bool(std::string&&)>& take) {
  auto table = database.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'open_sums'");
  if (!table) return std::unexpected(table.error());
  if (table->step() != store::Statement::Step::row) return std::unexpected(database.error("read"));
  if (table->integer(0) == 0) return {};  // a log of an older version
  auto query = database.prepare("SELECT record FROM open_sums");
  if (!query) return std::unexpected(query.error());
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step()) {
    std::string record(query->text(0));
    constexpr std::string_view kNoNumber = ",\"seq\":0,";
    if (const std::size_t at = record.find(kNoNumber); at != std::string::npos)
      record.replace(at, kNoNumber.size(), ",\"seq\":null,");
    if (!take(std::move(record) + '}')) return {};
  }
  if (step == store::Statement::Step::failed) return std::unexpected(database.error("read"));
  return {};
}

Result<std::optional<Found>> find_open(store::Database& database, std::string_view reference) {
  std::optional<Found> found;
  auto read = read_open_sums(database, [&](std::string&& record) {
    const auto object = FlatJson::parse(record);
    if (!object || object->text("reference") != reference) return true;
    found = {.is_breach = true, .record = std::move(record)};
    return false;
  });
  if (!read) return std::unexpected(read.error());
  return found;
}

// The attempt of a line of the decision log that has no record of its own: one whose page was sent before it could be
// counted, because the disk failed.
bool counts(const FlatJson& sum, const FlatJson& line) {
  const auto time = from_rfc3339(line.text("time"));
  const auto last = from_rfc3339(sum.text("time")), first = from_rfc3339(sum.text("since"));
  if (!time || !last || !first || *time < *first || *time > *last) return false;
  for (const std::string_view name : {"device", "action", "category", "person"})
    if (sum.text(name) != line.text(name)) return false;
  return sum.text("site") == "sealed" || sum.text("site") == line.text("host") ||
         is_at_or_below(line.text("host"), sum.text("reason.entry"));
}

Result<std::optional<Found>> find_sum_of(const std::filesystem::path& state, const FlatJson& line) {
  const auto time = from_rfc3339(line.text("time"));
  const std::string_view action = line.text("action");
  if (!time || (action != "block" && action != "warn" && action != "monitor")) return std::nullopt;
  const std::filesystem::path file = state / kBreachesFile;
  std::error_code failed;
  if (std::filesystem::status(file, failed).type() == std::filesystem::file_type::not_found) return std::nullopt;
  auto database = store::Database::open(file, store::Database::Access::read);
  if (!database) return std::unexpected(database.error());
  std::optional<Found> found;
  const auto take = [&](std::string&& record) {
    const auto object = FlatJson::parse(record);
    if (!object || !counts(*object, line)) return true;
    found = {.is_breach = true, .record = std::move(record)};
    return false;
  };
  constexpr std::chrono::minutes kLongest{2};  // a sum ends with its minute
  auto range = store::records_between(*database, *time, *time + kLongest);
  if (!range) return std::unexpected(range.error());
  auto query = database->prepare(
      "SELECT record FROM records WHERE seq BETWEEN ?1 AND ?2 AND time BETWEEN ?3 AND ?4"
      " AND instr(record, '\"attempts\":') > 0 ORDER BY seq");
  if (!query) return std::unexpected(query.error());
  query->bind(1, std::int64_t(range->first)).bind(2, std::int64_t(range->last));
  query->bind(3, time->time_since_epoch().count()).bind(4, (*time + kLongest).time_since_epoch().count());
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step())
    if (!take(std::string(query->text(0)))) return found;
  if (step == store::Statement::Step::failed) return std::unexpected(database->error("read"));
  if (auto read = read_open_sums(*database, take); !read) return std::unexpected(read.error());
  return found;
}

Result<std::optional<Found>> find_breach(const std::filesystem::path& state, std::string_view reference) {
  const std::filesystem::path file = state / kBreachesFile;
  std::error_code failed;
  if (std::filesystem::status(file, failed).type() == std::filesystem::file_type::not_found) return std::nullopt;
  auto database = store::Database::open(file, store::Database::Access::read);
  if (!database) return std::unexpected(database.error());
  auto found = find_by_field(*database, reference);
  if (found && !*found) found = find_open(*database, reference);
  if (!found || *found) return found;
  return find_by_id(*database, reference);
}

Result<std::optional<Found>> find_decision(const std::filesystem::path& decisions, std::string_view reference) {
  const std::string part = "\"reference\":\"" + std::string(reference) + '"';
  std::optional<Found> found;
  const auto files = DecisionFiles(decisions).all();
  if (!files) return std::unexpected(files.error());
  for (const std::filesystem::path& file : *files | std::views::reverse) {
    auto read = read_lines_with(file, part, [&](std::string_view line) {
      const auto object = FlatJson::parse(line);  // text that a client chose may look like the field
      if (!object || object->text("reference") != reference) return true;
      found = {.record = std::string(line)};
      return false;
    });
    if (!read) return std::unexpected(read.error());
    if (found) break;
  }
  return found;
}

}  // namespace

std::optional<std::string> read_reference(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c == '-' || c == ' ') continue;
    if (c >= 'a' && c <= 'z') c = char(c - 'a' + 'A');
    if (c == 'O') c = '0';
    if (c == 'I' || c == 'L') c = '1';
    if (!kCrockford.contains(c)) return std::nullopt;
    digits += c;
  }
  if (digits.size() != kDigits) return std::nullopt;
  return digits.substr(0, 4) + '-' + digits.substr(4);
}

Result<std::optional<Found>> find_reference(const std::filesystem::path& state, const std::filesystem::path& decisions,
                                            std::string_view reference) {
  auto breach = find_breach(state, reference);
  if (!breach || *breach || decisions.empty()) return breach;
  auto decision = find_decision(decisions, reference);
  if (!decision || !*decision) return decision;
  const auto line = FlatJson::parse((*decision)->record);
  if (!line) return decision;
  auto sum = find_sum_of(state, *line);
  return sum && !*sum ? std::move(decision) : std::move(sum);
}

}  // namespace schoolgate::breaches
