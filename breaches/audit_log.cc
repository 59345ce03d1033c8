#include "breaches/audit_log.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <mutex>

#include "base/file.h"
#include "base/json.h"
#include "base/uuid.h"
#include "breaches/line_diff.h"
#include "store/chain.h"
#include "store/transaction.h"

namespace schoolgate::breaches {
namespace {

constexpr const char* kAuditFile = "audit.db";

std::string write_record(const AuditChange& change, std::uint64_t seq) {
  std::string record;
  JsonWriter json(record);
  json.begin_object();
  json.field("id", Uuid::v7(change.time).text()).field("seq", seq).field("time", to_rfc3339(change.time));
  json.field("what", change.what).key("user").begin_object().field("uid", change.user.uid);
  json.field("name", change.user.name).field("sudo_user", change.user.sudo_user).end_object();
  json.field("old_version", change.old_version).field("new_version", change.new_version);
  if (!change.commit.empty()) json.field("commit", change.commit);
  json.key("files").begin_array();
  for (const ChangedFile& file : change.files) {
    if (file.before == file.after) continue;
    json.begin_object().field("name", file.name).field("diff", line_diff(file.before, file.after)).end_object();
  }
  json.end_array();
  return record;  // store::Chain::close_record() writes the end
}

}  // namespace

MachineUser user_of(std::uint32_t uid) {
  MachineUser user{.uid = uid, .name = {}, .sudo_user = {}};
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    user.name = found->pw_name;
  return user;
}

MachineUser current_user() {
  MachineUser user = user_of(::getuid());
  if (const char* sudo = std::getenv("SUDO_USER")) user.sudo_user = sudo;
  return user;
}

struct AuditLog::Impl {
  std::filesystem::path folder;
  store::StateKey key;
  std::mutex mutex;
  std::optional<store::Database> database;
  std::optional<store::Chain> chain;  // keeps the address of `database`

  // After a failure both are opened anew, so that numbers and hashes are those on disk.
  Result<void> open();
  Result<std::uint64_t> append(const AuditChange& change);
};

AuditLog::AuditLog() : impl_(std::make_unique<Impl>()) {}
AuditLog::~AuditLog() = default;

Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::filesystem::path& state_folder) {
  auto log = open_when_used(state_folder);
  if (auto opened = log->impl_->open(); !opened) return std::unexpected(opened.error());
  return log;
}

std::unique_ptr<AuditLog> AuditLog::open_when_used(const std::filesystem::path& state_folder) {
  std::unique_ptr<AuditLog> log(new AuditLog);
  log->impl_->folder = state_folder;
  return log;
}

Result<void> AuditLog::Impl::open() {
  const auto file = folder / kAuditFile;
  chain.reset();
  database.reset();
  if (auto made = make_private_folder(folder); !made) return made;
  auto loaded = store::StateKey::load_or_create(folder);
  if (!loaded) return std::unexpected(loaded.error());
  key = *std::move(loaded);
  if (store::is_damaged(file)) {
    if (auto moved = store::move_aside(file); !moved) return std::unexpected(moved.error());
  }
  auto opened = store::Database::open(file, store::Database::Access::write);
  if (!opened) return std::unexpected(opened.error());
  database = *std::move(opened);
  if (auto set = database->run("PRAGMA wal_autocheckpoint=200"); !set) return set;
  auto begun = store::Chain::open(*database, key);
  if (!begun) return std::unexpected(begun.error());
  chain = *std::move(begun);
  return {};
}

Result<std::uint64_t> AuditLog::Impl::append(const AuditChange& change) {
  if (!chain) {
    if (auto opened = open(); !opened) return std::unexpected(opened.error());
  }
  const std::uint64_t seq = chain->next_seq();
  std::string record = write_record(change, seq);
  chain->close_record(record);
  auto transaction = store::Transaction::begin(*database);
  if (!transaction) return std::unexpected(transaction.error());
  if (!chain->append(change.time, record) || !chain->store_head()) return std::unexpected(database->error("write"));
  if (auto committed = transaction->commit(); !committed) return std::unexpected(committed.error());
  return seq;
}

Result<std::uint64_t> AuditLog::record_change(const AuditChange& change) {
  const std::lock_guard guard(impl_->mutex);
  auto seq = impl_->append(change);
  if (!seq) {
    impl_->chain.reset();
    impl_->database.reset();
  }
  return seq;
}

Result<std::uint64_t> AuditLog::remove_before(TimePoint before, TimePoint now) {
  const std::lock_guard guard(impl_->mutex);
  if (!impl_->chain) {
    if (auto opened = impl_->open(); !opened) return std::unexpected(opened.error());
  }
  return impl_->chain->remove_before(before, now, UINT32_MAX);
}

Result<void> list_audit(const std::filesystem::path& state_folder, const std::function<bool(std::string_view)>& read) {
  auto database = store::Database::open(state_folder / kAuditFile, store::Database::Access::read);
  if (!database) return std::unexpected(database.error());
  auto query = database->prepare("SELECT record FROM records ORDER BY seq");
  if (!query) return std::unexpected(query.error());
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step())
    if (!read(query->text(0))) return {};
  if (step == store::Statement::Step::failed) return std::unexpected(database->error("read"));
  return {};
}

Result<ChainReport> verify_audit(const std::filesystem::path& state_folder) {
  return verify_chain(state_folder / kAuditFile, state_folder);
}

}  // namespace schoolgate::breaches
