#include "breaches/breach_store.h"

#include <utility>
#include <vector>

#include "base/json.h"
#include "base/seal.h"
#include "breaches/flat_json.h"
#include "store/sql.h"
#include "store/transaction.h"

namespace schoolgate::breaches {
namespace {

constexpr int kCheckpointPages = 2000;  // 8 MB of write-ahead log
constexpr std::uint64_t kRemovalStep = 1000;

constexpr const char* kSealedSchema = R"(
  CREATE TABLE IF NOT EXISTS sealed_addresses(id TEXT PRIMARY KEY, time INTEGER NOT NULL, episode TEXT NOT NULL,
    box BLOB NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS sealed_addresses_by_episode ON sealed_addresses(episode);
)";

constexpr const char* kOpenSumsSchema = R"(
  CREATE TABLE IF NOT EXISTS open_sums(id TEXT PRIMARY KEY, time INTEGER NOT NULL, attempts INTEGER NOT NULL,
    record TEXT NOT NULL) WITHOUT ROWID;
)";

int remember_wal_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

BreachStore::BreachStore(store::Database database, const Settings& settings, const store::StateKey& key)
    : database_(std::move(database)),
      record_writer_(settings.school, settings.gateway, key),
      seal_key_(sealed_address_key(key)),
      checkpoint_at_(kCheckpointPages) {
  sqlite3_wal_hook(database_.handle(), remember_wal_pages, &wal_pages_);
}

Result<std::unique_ptr<BreachStore>> BreachStore::open(const Settings& settings, const store::StateKey& key,
                                                       std::optional<std::filesystem::path>& aside) {
  const std::filesystem::path file = settings.folder / kBreachesFile;
  if (std::error_code error; std::filesystem::exists(file, error) && store::is_damaged(file, settings.vfs)) {
    auto moved = store::move_aside(file);
    if (!moved) return std::unexpected(moved.error());
    aside = *std::move(moved);
  }
  auto database = store::Database::open(file, store::Database::Access::write, settings.vfs);
  if (!database) return std::unexpected(database.error());
  std::unique_ptr<BreachStore> store(new BreachStore(*std::move(database), settings, key));

  auto chain = store::Chain::open(store->database_, key);
  if (!chain) return std::unexpected(chain.error());
  store->chain_ = *std::move(chain);
  store->found_head_ = store->chain_->head();
  if (auto made = store->database_.run(kOpenSumsSchema); !made) return std::unexpected(made.error());
  if (auto made = store->database_.run(kSealedSchema); !made) return std::unexpected(made.error());
  auto keep_sealed = store->database_.prepare(
      "INSERT OR REPLACE INTO sealed_addresses(id, time, episode, box) VALUES(?1, ?2, ?3, ?4)");
  if (!keep_sealed) return std::unexpected(keep_sealed.error());
  store->keep_sealed_ = *std::move(keep_sealed);
  auto keep_open =
      store->database_.prepare("INSERT OR REPLACE INTO open_sums(id, time, attempts, record) VALUES(?1, ?2, ?3, ?4)");
  if (!keep_open) return std::unexpected(keep_open.error());
  store->keep_open_ = *std::move(keep_open);
  auto drop_open = store->database_.prepare("DELETE FROM open_sums WHERE id = ?1");
  if (!drop_open) return std::unexpected(drop_open.error());
  store->drop_open_ = *std::move(drop_open);
  auto drop_sealed = store->database_.prepare("DELETE FROM sealed_addresses WHERE id = ?1");
  if (!drop_sealed) return std::unexpected(drop_sealed.error());
  store->drop_sealed_ = *std::move(drop_sealed);
  if (auto written = store->write_left_sums(settings); !written) return std::unexpected(written.error());
  auto episodes = EpisodeTracker::open(store->database_, key);
  if (!episodes) return std::unexpected(episodes.error());
  store->episodes_ = *std::move(episodes);
  return store;
}

namespace {

struct LeftSum {
  std::string id, record;
  TimePoint time;
  std::uint64_t attempts = 1;
};

// The record as it was made ready, with its number. Nothing when it is no record of that id.
std::optional<std::string> numbered(const LeftSum& sum, std::uint64_t seq) {
  constexpr std::string_view kNoNumber = ",\"seq\":0,";
  const std::size_t number = sum.record.find(kNoNumber);
  if (number == std::string::npos) return std::nullopt;
  std::string record = sum.record;
  record.replace(number, kNoNumber.size(), ",\"seq\":" + std::to_string(seq) + ",");
  const auto json = FlatJson::parse(record + '}');
  if (!json || json->text("id") != sum.id) return std::nullopt;
  return record;
}

// Of a row whose record cannot be read the number of attempts and the moment are left: nothing goes unrecorded.
std::string told_from_row(const LeftSum& sum, std::uint64_t seq, const BreachStore::Settings& settings) {
  const auto id = Uuid::from_text(sum.id).value_or(Uuid::v7(sum.time));
  std::string text;
  JsonWriter json(text);
  json.begin_object().field("id", id.text()).field("seq", seq);
  json.field("school", settings.school).field("gateway", settings.gateway).field("time", to_rfc3339(sum.time));
  json.field("attempts", sum.attempts).field("addresses", 1).field("group", "").key("person").null();
  json.field("confidence", "unknown").field("device", "").field("action", "block").field("category", "");
  json.field("theme", "").field("urgency", 1).field("site", "").field("url", "").field("initiated", "unknown");
  json.key("reason").begin_object().field("tier", "unlisted");
  json.field("rule", "counted; the rest could not be read after a crash").end_object();
  json.field("policy_version", "").field("episode", Uuid::v7(sum.time).text()).field("reference", id.reference());
  return text;  // Chain::close_record() closes it
}

}  // namespace

// Sums of minutes that this gateway did not live to see the end of. Their records were ready but for their numbers, and
// the copies of their sealed addresses are stored already; the episodes are summed from records after this.
Result<void> BreachStore::write_left_sums(const Settings& settings) {
  std::vector<LeftSum> left;
  auto read = store::select(database_, "SELECT id, time, attempts, record FROM open_sums ORDER BY time, id",
                            [&](store::Statement& row) {
                              std::string id = store::text_at(row, 0);
                              open_ids_.insert(id);
                              if (settings.live_sums.contains(id)) return;
                              left.push_back({.id = std::move(id),
                                              .record = store::text_at(row, 3),
                                              .time = store::time_at(row, 1),
                                              .attempts = std::uint64_t(row.integer(2))});
                            });
  if (!read || left.empty()) return read;
  auto transaction = store::Transaction::begin(database_);
  if (!transaction) return std::unexpected(transaction.error());
  bool done = true;
  for (const LeftSum& one : left) {
    const std::uint64_t seq = chain_->next_seq();
    std::string record = numbered(one, seq).value_or(std::string());
    if (record.empty()) record = told_from_row(one, seq, settings);
    chain_->close_record(record);
    done = done && chain_->append(one.time, record) && drop_open_.bind(1, one.id).run();
    open_ids_.erase(one.id);
  }
  done = done && chain_->store_head();
  if (done && transaction->commit()) return {};
  return std::unexpected(database_.error("write"));
}

Result<std::uint64_t> BreachStore::write(std::span<const Breach> breaches, bool sums_due,
                                         std::optional<TimePoint> likely, std::span<const Breach> open_sums) {
  const std::uint64_t first = chain_->next_seq();
  attempted_hash_.clear();
  auto transaction = store::Transaction::begin(database_);
  if (!transaction || !write_all(breaches, sums_due, likely, open_sums) || !transaction->commit())
    return std::unexpected(database_.error("write"));
  return first;
}

bool BreachStore::write_all(std::span<const Breach> breaches, bool sums_due, std::optional<TimePoint> likely,
                            std::span<const Breach> open_sums) {
  for (const Breach& breach : breaches) {
    const std::uint64_t seq = chain_->next_seq();
    const bool selftest = breach.confidence == kSelftest;
    const std::string_view episode = selftest ? std::string_view() : episodes_->assign(breach, seq);
    record_writer_.write(record_, breach, seq, episode);
    chain_->close_record(record_);
    if (is_withheld(breach.reason) && !selftest && !keep_sealed(breach, episode)) return false;
    if (!chain_->append(breach.time, record_, likely)) return false;
    if (!is_open_no_more(breach)) return false;
  }
  for (const Breach& sum : open_sums)
    if (!keep_open(sum)) return false;
  if (sums_due && !episodes_->store()) return false;
  if (!chain_->store_head()) return false;
  if (!breaches.empty()) attempted_hash_ = chain_->head().hash;
  return true;
}

// As the record that it becomes, but for its number and its place in the chain.
bool BreachStore::keep_open(const Breach& sum) {
  const std::string id = sum.id.text();
  if (sum.attempts == 0)
    return open_ids_.erase(id) == 0 || (drop_open_.bind(1, id).run() && drop_sealed_.bind(1, id).run());
  const std::string_view episode = episodes_->current(sum);
  record_writer_.write(record_, sum, 0, episode);
  // Beside the record from its first moment on, so that a crash leaves it with the record that the sum becomes.
  if (is_withheld(sum.reason) && !open_ids_.contains(id) && !keep_sealed(sum, episode)) return false;
  open_ids_.insert(id);
  return keep_open_.bind(1, id)
      .bind(2, sum.time.time_since_epoch().count())
      .bind(3, std::int64_t(sum.attempts))
      .bind(4, record_)
      .run();
}

bool BreachStore::is_open_no_more(const Breach& breach) {
  if (open_ids_.empty()) return true;
  const std::string id = breach.id.text();
  return open_ids_.erase(id) == 0 || drop_open_.bind(1, id).run();
}

// The record has a keyed hash only. So that an address can be reported to those who can take it down, an encrypted copy
// stands beside the record, never in an export; casework/sealed_release.h is the one way to it.
bool BreachStore::keep_sealed(const Breach& breach, std::string_view episode) {
  const std::string id = breach.id.text();
  const std::string box = seal(seal_key_, std::string_view(breach.url).substr(0, 16 * 1024), id);
  return keep_sealed_.bind(1, id)
      .bind(2, breach.time.time_since_epoch().count())
      .bind(3, episode)
      .bind_blob(4, box)
      .run();
}

Sha256 sealed_address_key(const store::StateKey& key) { return key.sign("sealed address key", {}); }

void BreachStore::checkpoint_if_due() {
  if (wal_pages_ < checkpoint_at_) return;
  // A reader can hold the log back: then it is tried again when it has grown as much once more.
  const bool moved = database_.checkpoint().has_value();
  checkpoint_at_ = moved ? kCheckpointPages : wal_pages_ + kCheckpointPages;
}

Result<std::uint64_t> BreachStore::remove_before(TimePoint before, TimePoint now) {
  auto removed = chain_->remove_before(before, now, kRemovalStep);
  if (!removed) return removed;
  // An episode goes with the last of its records: by its number, since its time may be that of a wrong clock.
  auto erase = database_.prepare("DELETE FROM episodes WHERE through_seq <= ?1");
  if (!erase) return std::unexpected(erase.error());
  if (!erase->bind(1, std::int64_t(chain_->head().cut_seq)).run()) return std::unexpected(database_.error("write"));
  auto unseal =
      database_.prepare("DELETE FROM sealed_addresses WHERE time < ?1 AND episode NOT IN (SELECT id FROM episodes)");
  if (!unseal) return std::unexpected(unseal.error());
  const TimePoint day{std::chrono::floor<std::chrono::days>(before)};
  if (!unseal->bind(1, day.time_since_epoch().count()).run()) return std::unexpected(database_.error("write"));
  return removed;
}

}  // namespace schoolgate::breaches
