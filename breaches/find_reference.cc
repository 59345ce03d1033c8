#include "breaches/find_reference.h"

#include <ranges>

#include "base/uuid.h"
#include "breaches/breach_store.h"
#include "breaches/decision_search.h"
#include "breaches/flat_json.h"
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

Result<std::optional<Found>> find_breach(const std::filesystem::path& state, std::string_view reference) {
  const std::filesystem::path file = state / kBreachesFile;
  std::error_code failed;
  if (std::filesystem::status(file, failed).type() == std::filesystem::file_type::not_found) return std::nullopt;
  auto database = store::Database::open(file, store::Database::Access::read);
  if (!database) return std::unexpected(database.error());
  auto found = find_by_field(*database, reference);
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
  return find_decision(decisions, reference);
}

}  // namespace schoolgate::breaches
