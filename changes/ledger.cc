#include "changes/ledger.h"

#include "base/file.h"
#include "config/scalars.h"
#include "store/sql.h"
#include "store/transaction.h"

namespace schoolgate::changes {
namespace {

constexpr const char* kFile = "changes.db";

constexpr const char* kTables = R"(
  CREATE TABLE IF NOT EXISTS proposals(number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
    author TEXT NOT NULL, machine_user TEXT NOT NULL, reason TEXT NOT NULL, risk TEXT NOT NULL, review TEXT NOT NULL,
    takes_back INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS files(number INTEGER NOT NULL, name TEXT NOT NULL, before TEXT, after TEXT,
    PRIMARY KEY(number, name));
  CREATE TABLE IF NOT EXISTS events(id INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL, at INTEGER NOT NULL,
    actor TEXT NOT NULL, machine_user TEXT NOT NULL, what INTEGER NOT NULL, text TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS events_of ON events(number);
  CREATE TRIGGER IF NOT EXISTS keep_proposals BEFORE UPDATE ON proposals BEGIN SELECT RAISE(ABORT, 'kept'); END;
  CREATE TRIGGER IF NOT EXISTS keep_proposals_too BEFORE DELETE ON proposals BEGIN SELECT RAISE(ABORT, 'kept'); END;
  CREATE TRIGGER IF NOT EXISTS keep_files BEFORE UPDATE ON files BEGIN SELECT RAISE(ABORT, 'kept'); END;
  CREATE TRIGGER IF NOT EXISTS keep_files_too BEFORE DELETE ON files BEGIN SELECT RAISE(ABORT, 'kept'); END;
  CREATE TRIGGER IF NOT EXISTS keep_events BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'kept'); END;
  CREATE TRIGGER IF NOT EXISTS keep_events_too BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'kept'); END;
)";

constexpr const char* kColumns =
    "SELECT number, at, author, machine_user, reason, risk, review, takes_back FROM proposals ";

Proposal read_proposal(store::Statement& row) {
  Proposal proposal;
  proposal.number = std::uint64_t(row.integer(0));
  proposal.at = store::time_at(row, 1);
  proposal.author = {store::text_at(row, 2), store::text_at(row, 3)};
  proposal.reason = store::text_at(row, 4);
  proposal.risk_assessment = store::text_at(row, 5);
  proposal.review = config::parse_date(row.text(6));
  proposal.takes_back = std::uint64_t(row.integer(7));
  return proposal;
}

std::string date_text(const std::optional<std::chrono::year_month_day>& date) {
  return date ? to_rfc3339(TimePoint(std::chrono::sys_days(*date))).substr(0, 10) : std::string();
}

Result<void> check_text(const char* what, std::string_view text) {
  if (text.size() > kLongestText)
    return fail(Fault::client, std::string(what) + ": longer than " + std::to_string(kLongestText) + " bytes");
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return fail(Fault::client, std::string(what) + ": one line, without control characters");
  return {};
}

}  // namespace

Result<Ledger> Ledger::open(const std::filesystem::path& folder) {
  if (auto made = make_private_folder(folder); !made) return std::unexpected(std::move(made.error()));
  auto database = store::Database::open(folder / kFile, store::Database::Access::write);
  if (!database) return std::unexpected(std::move(database.error()));
  if (auto made = database->run(kTables); !made) return std::unexpected(std::move(made.error()));
  return Ledger(std::move(*database));
}

Result<std::optional<Ledger>> Ledger::open_to_read(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder / kFile, error)) {
    if (error && error != std::errc::no_such_file_or_directory)
      return fail(Fault::host, "cannot read " + (folder / kFile).string() + ": " + error.message());
    return std::optional<Ledger>();
  }
  auto database = store::Database::open(folder / kFile, store::Database::Access::read);
  if (!database) return std::unexpected(std::move(database.error()));
  return std::optional(Ledger(std::move(*database)));
}

Result<std::uint64_t> Ledger::add(const Proposal& proposal) {
  if (proposal.reason.empty()) return fail(Fault::client, "a proposal needs a reason");
  if (proposal.files.empty()) return fail(Fault::client, "nothing is changed");
  for (const auto& [what, text] :
       {std::pair{"reason", &proposal.reason}, {"risk assessment", &proposal.risk_assessment}})
    if (auto fine = check_text(what, *text); !fine) return std::unexpected(std::move(fine.error()));
  auto transaction = store::Transaction::begin(database_);
  if (!transaction) return std::unexpected(std::move(transaction.error()));
  const std::string review = date_text(proposal.review);
  auto done = store::execute(database_,
                             "INSERT INTO proposals(at, author, machine_user, reason, risk, review, takes_back) "
                             "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                             proposal.at, proposal.author.account, proposal.author.machine_user, proposal.reason,
                             proposal.risk_assessment, review, proposal.takes_back);
  if (!done) return std::unexpected(std::move(done.error()));
  const auto number = store::select_number(database_, "SELECT max(number) FROM proposals");
  if (!number) return std::unexpected(number.error());
  for (const ProposedFile& file : proposal.files)
    if (auto kept = store::write(database_, "INSERT INTO files(number, name, before, after) VALUES(?1, ?2, ?3, ?4)",
                                 *number, file.name, file.before, file.after);
        !kept)
      return std::unexpected(std::move(kept.error()));
  if (auto committed = transaction->commit(); !committed) return std::unexpected(std::move(committed.error()));
  return std::uint64_t(*number);
}

Result<void> Ledger::add_event(std::uint64_t number, const ProposalEvent& event) {
  if (auto fine = check_text("text", event.text); !fine) return fine;
  auto done = store::execute(
      database_, "INSERT INTO events(number, at, actor, machine_user, what, text) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
      number, event.at, event.by.account, event.by.machine_user, event.what, event.text);
  if (!done) return std::unexpected(std::move(done.error()));
  return {};
}

Result<void> Ledger::read_events(Proposal& proposal) {
  return store::select(
      database_, "SELECT id, at, actor, machine_user, what, text FROM events WHERE number = ?1 ORDER BY id",
      [&](store::Statement& row) {
        proposal.events.push_back({.id = std::uint64_t(row.integer(0)),
                                   .at = store::time_at(row, 1),
                                   .by = {store::text_at(row, 2), store::text_at(row, 3)},
                                   .what = ProposalEvent::What(row.integer(4)),
                                   .text = store::text_at(row, 5)});
      },
      proposal.number);
}

Result<Proposal> Ledger::find(std::uint64_t number) {
  std::optional<Proposal> found;
  auto read = store::select(
      database_, std::string(kColumns) + "WHERE number = ?1",
      [&](store::Statement& row) { found = read_proposal(row); }, number);
  if (!read) return std::unexpected(std::move(read.error()));
  if (!found) return fail(Fault::client, "there is no change " + std::to_string(number));
  read = store::select(
      database_, "SELECT name, before, after FROM files WHERE number = ?1 ORDER BY name",
      [&](store::Statement& row) {
        ProposedFile file{.name = store::text_at(row, 0)};
        if (!row.is_null(1)) file.before = store::text_at(row, 1);
        if (!row.is_null(2)) file.after = store::text_at(row, 2);
        found->files.push_back(std::move(file));
      },
      number);
  if (read) read = read_events(*found);
  if (!read) return std::unexpected(std::move(read.error()));
  return std::move(*found);
}

Result<std::vector<Proposal>> Ledger::list(std::size_t most) {
  std::vector<Proposal> all;
  auto read = store::select(
      database_, std::string(kColumns) + "ORDER BY number DESC LIMIT ?1",
      [&](store::Statement& row) { all.push_back(read_proposal(row)); }, most);
  for (Proposal& proposal : all)
    if (read) read = read_events(proposal);
  if (!read) return std::unexpected(std::move(read.error()));
  return all;
}

}  // namespace schoolgate::changes
