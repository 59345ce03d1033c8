#include "store/chain.h"

#include <sqlite3.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/uuid.h"
#include "store/stored_time.h"
#include "store/transaction.h"

namespace schoolgate::store {
namespace {

// records.time and days.day let an export and retention find their range without reading every record.
constexpr const char* kSchema = R"(
  CREATE TABLE IF NOT EXISTS records(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, record TEXT NOT NULL,
                                     hash TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS days(day INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS head(id INTEGER PRIMARY KEY CHECK(id = 1), chain TEXT NOT NULL, seq INTEGER NOT NULL,
                                  hash TEXT NOT NULL, cut_seq INTEGER NOT NULL, cut_hash TEXT NOT NULL,
                                  broken TEXT NOT NULL, mac TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS removals(at INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
                                      hash TEXT NOT NULL);
)";

std::int64_t day_of(TimePoint time) { return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count(); }

std::string first_hash() { return std::string(64, '0'); }

// Inside the caller's transaction where there is one, else in one of its own: what is read is still true when it is
// written.
template <class Work>
Result<void> as_one(Database& database, Work&& work) {
  if (sqlite3_get_autocommit(database.handle()) == 0) return work();
  return in_transaction(database, std::forward<Work>(work));
}

}  // namespace

std::string ChainHead::sign(const StateKey& key) const {
  const std::string text = chain + '\n' + std::to_string(seq) + '\n' + hash + '\n' + std::to_string(cut_seq) + '\n' +
                           cut_hash + '\n' + broken;
  return to_hex(key.sign("chain head", text));
}

bool ChainHead::is_signed_by(const StateKey& key) const { return equal_in_constant_time(sign(key), mac); }

Result<ChainHead> read_head(Database& database) {
  auto query = database.prepare("SELECT chain, seq, hash, cut_seq, cut_hash, broken, mac FROM head WHERE id = 1");
  if (!query) return std::unexpected(query.error());
  ChainHead head;
  switch (query->step()) {
    case Statement::Step::failed: return std::unexpected(database.error("read"));
    case Statement::Step::done: return head;
    case Statement::Step::row: break;
  }
  head.chain = query->text(0);
  head.seq = std::uint64_t(query->integer(1));
  head.hash = query->text(2);
  head.cut_seq = std::uint64_t(query->integer(3));
  head.cut_hash = query->text(4);
  head.broken = query->text(5);
  head.mac = query->text(6);
  return head;
}

Result<Chain> Chain::open(Database& database, const StateKey& key) {
  std::optional<Result<Chain>> opened;
  auto done = as_one(database, [&]() -> Result<void> {
    opened.emplace(open_inside(database, key));
    if (!*opened) return std::unexpected(opened->error());
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return *std::move(opened);
}

Result<Chain> Chain::open_inside(Database& database, const StateKey& key) {
  if (auto made = database.run(kSchema); !made) return std::unexpected(made.error());
  Chain chain(database, key);
  for (auto [statement, sql] :
       {std::pair{&chain.insert_, "INSERT INTO records(seq, time, record, hash) VALUES(?1, ?2, ?3, ?4)"},
        std::pair{&chain.update_head_,
                  "INSERT OR REPLACE INTO head(id, chain, seq, hash, cut_seq, cut_hash, broken, mac) "
                  "VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
        std::pair{&chain.upsert_day_,
                  "INSERT INTO days(day, first_seq, last_seq) VALUES(?1, ?2, ?3) ON CONFLICT(day) DO UPDATE SET "
                  "first_seq = min(first_seq, excluded.first_seq), last_seq = max(last_seq, excluded.last_seq)"}}) {
    auto prepared = database.prepare(sql);
    if (!prepared) return std::unexpected(prepared.error());
    *statement = *std::move(prepared);
  }

  auto head = read_head(database);
  if (!head) return std::unexpected(head.error());
  auto last = database.prepare("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1");
  if (!last) return std::unexpected(last.error());
  const auto found = last->step();
  if (found == Statement::Step::failed) return std::unexpected(database.error("read"));
  const std::uint64_t last_seq = found == Statement::Step::row ? std::uint64_t(last->integer(0)) : 0;

  const std::string now = to_rfc3339(wall_now());
  if (head->chain.empty() && last_seq == 0) {
    head->chain = Uuid::v7(wall_now()).text();
    head->hash = head->cut_hash = first_hash();
  } else if (head->chain.empty() || !head->is_signed_by(key)) {
    if (head->chain.empty()) head->chain = Uuid::v7(wall_now()).text();
    if (head->broken.empty()) head->broken = "at " + now + " the head was not signed by this gateway's key";
  } else if (last_seq > head->seq) {
    if (head->broken.empty()) head->broken = "at " + now + " there were records after the signed head";
  }
  if (last_seq > head->seq) {
    head->seq = last_seq;
    head->hash = last->text(1);
  }
  last->reset();
  if (!head->broken.empty())
    log::error("a record chain is broken", {{"file", database.file().string()}, {"why", head->broken}});
  chain.head_ = *std::move(head);
  if (!chain.store_head()) return std::unexpected(database.error("write"));
  return chain;
}

void Chain::close_record(std::string& record) const {
  record += R"(,"previous_hash":")";
  record += head_.hash;
  record += "\"}";
}

bool Chain::append(TimePoint time, std::string_view record, std::optional<TimePoint> likely) {
  const std::uint64_t seq = next_seq();
  std::string hash = to_hex(sha256(record));
  insert_.bind(1, std::int64_t(seq)).bind(2, to_stored(time)).bind(3, record).bind(4, hash);
  if (!insert_.run()) return false;
  head_.seq = seq;
  head_.hash = std::move(hash);
  if (const std::int64_t day = day_of(time); day != day_) {
    if (!store_day()) return false;
    day_ = day;
    day_first_ = seq;
  }
  day_last_ = seq;
  if (!likely || day_of(*likely) == day_) return true;
  return upsert_day_.bind(1, day_of(*likely)).bind(2, std::int64_t(seq)).bind(3, std::int64_t(seq)).run();
}

bool Chain::store_day() {
  if (day_ < 0) return true;
  return upsert_day_.bind(1, day_).bind(2, std::int64_t(day_first_)).bind(3, std::int64_t(day_last_)).run();
}

bool Chain::store_head() {
  if (!store_day()) return false;
  head_.mac = head_.sign(*key_);
  return update_head_.bind(1, head_.chain)
      .bind(2, std::int64_t(head_.seq))
      .bind(3, head_.hash)
      .bind(4, std::int64_t(head_.cut_seq))
      .bind(5, head_.cut_hash)
      .bind(6, head_.broken)
      .bind(7, head_.mac)
      .run();
}

Result<std::uint64_t> Chain::remove_before(TimePoint before, TimePoint now, std::uint64_t limit) {
  const ChainHead before_cut = head_;
  std::uint64_t removed = 0;
  auto done = as_one(*database_, [&]() -> Result<void> {
    // Another connection may have appended since this chain was opened.
    auto stored = read_head(*database_);
    if (!stored) return std::unexpected(stored.error());
    if (stored->chain == head_.chain && stored->seq > head_.seq && stored->is_signed_by(*key_))
      head_ = *std::move(stored);
    auto cut = cut_before(before, now, limit);
    if (!cut) return std::unexpected(cut.error());
    removed = *cut;
    return {};
  });
  if (done) return removed;
  head_ = before_cut;
  return std::unexpected(done.error());
}

Result<std::uint64_t> Chain::cut_before(TimePoint before, TimePoint now, std::uint64_t limit) {
  // The cut keeps the chain whole: only a beginning is removed, ending before the first record of any day that stays.
  // Days to come are no dates of what stays, but nothing after the last right day is known to be old.
  auto query = database_->prepare(
      "SELECT coalesce((SELECT min(first_seq) FROM days WHERE day BETWEEN ?1 AND ?2),"
      " (SELECT min(first_seq) FROM days WHERE day > ?2))");
  if (!query) return std::unexpected(query.error());
  const std::int64_t tomorrow = day_of(now) + 1;  // another zone's clock may be a little ahead
  if (query->bind(1, day_of(before)).bind(2, tomorrow).step() != Statement::Step::row)
    return std::unexpected(database_->error("read"));
  std::uint64_t through = query->is_null(0) ? head_.seq : std::uint64_t(query->integer(0)) - 1;
  query->reset();
  if (through <= head_.cut_seq) return 0;
  through = std::min(through, head_.cut_seq + limit);

  auto hash = database_->prepare("SELECT hash FROM records WHERE seq = ?1");
  if (!hash) return std::unexpected(hash.error());
  if (hash->bind(1, std::int64_t(through)).step() != Statement::Step::row)
    return fail(Fault::host, "record " + std::to_string(through) + " of " + database_->file().string() + " is missing",
                "run `schoolgate breaches verify`; nothing is removed until then");
  const std::uint64_t first = head_.cut_seq + 1;
  head_.cut_seq = through;
  head_.cut_hash = hash->text(0);
  hash->reset();

  auto erase = database_->prepare("DELETE FROM records WHERE seq <= ?1");
  auto forget = database_->prepare("DELETE FROM days WHERE last_seq <= ?1");
  auto note = database_->prepare("INSERT INTO removals(at, first_seq, last_seq, hash) VALUES(?1, ?2, ?3, ?4)");
  if (!erase || !forget || !note || !erase->bind(1, std::int64_t(through)).run() ||
      !forget->bind(1, std::int64_t(through)).run() ||
      !note->bind(1, to_stored(now))
           .bind(2, std::int64_t(first))
           .bind(3, std::int64_t(through))
           .bind(4, head_.cut_hash)
           .run() ||
      !store_head())
    return std::unexpected(database_->error("write"));
  return through - first + 1;
}

Result<SeqRange> records_between(Database& database, TimePoint since, TimePoint until) {
  auto query = database.prepare("SELECT min(first_seq), max(last_seq) FROM days WHERE day BETWEEN ?1 AND ?2");
  if (!query) return std::unexpected(query.error());
  if (query->bind(1, day_of(since)).bind(2, day_of(until)).step() != Statement::Step::row)
    return std::unexpected(database.error("read"));
  SeqRange range;
  if (!query->is_null(0)) range = {std::uint64_t(query->integer(0)), std::uint64_t(query->integer(1))};
  return range;
}

}  // namespace schoolgate::store
