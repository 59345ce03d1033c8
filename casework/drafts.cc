#include "casework/drafts.h"

#include "base/seal.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

// What is deleted is overwritten: the desk tells people that it is gone after a day.
constexpr const char* kTable = R"(
  PRAGMA secure_delete=ON;
  CREATE TABLE IF NOT EXISTS drafts(mark TEXT PRIMARY KEY, account TEXT NOT NULL, kept INTEGER NOT NULL,
    box BLOB NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS drafts_by_account ON drafts(account, kept);
)";

// Each text with its length before it.
void append(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

std::optional<std::string> take(std::string_view& from) {
  std::size_t length = 0;
  std::size_t at = 0;
  for (; at < from.size() && from[at] != ':'; ++at) {
    if (from[at] < '0' || from[at] > '9' || length > Drafts::kMostBytes) return std::nullopt;
    length = length * 10 + std::size_t(from[at] - '0');
  }
  if (at >= from.size() || from.size() - at - 1 < length) return std::nullopt;
  std::string text(from.substr(at + 1, length));
  from.remove_prefix(at + 1 + length);
  return text;
}

Sha256 key_of(const store::StateKey& key, std::string_view account) { return key.sign("draft key", account); }

}  // namespace

std::string Drafts::mark_of(std::string_view what, std::string_view text) const {
  return to_hex(desk_.key().sign(what, text));
}

Result<void> Drafts::keep(std::string_view token, std::string_view account, const Draft& draft, TimePoint now) {
  std::string text;
  append(text, draft.path);
  for (const auto& [name, value] : draft.fields) {
    append(text, name);
    append(text, value);
  }
  if (text.size() > kMostBytes) return fail(Fault::client, "this is longer than what is kept");
  const std::string mark = mark_of("draft", token), owner = mark_of("draft account", account);
  const std::string box = seal(key_of(desk_.key(), account), text, mark);
  return desk_.change([&]() -> Result<void> {
    auto put =
        desk_.database().prepare("INSERT OR REPLACE INTO drafts(mark, account, kept, box) VALUES(?1, ?2, ?3, ?4)");
    if (!put) return std::unexpected(put.error());
    if (!put->bind(1, mark).bind(2, owner).bind(3, now.time_since_epoch().count()).bind_blob(4, box).run())
      return std::unexpected(desk_.database().error("write"));
    // One account's drafts push out its own, never a colleague's.
    auto cut = store::execute(desk_.database(),
                              "DELETE FROM drafts WHERE account = ?1 AND mark NOT IN (SELECT mark FROM drafts"
                              " WHERE account = ?1 ORDER BY mark = ?3 DESC, kept DESC LIMIT ?2)",
                              owner, kMostOfAccount, mark);
    if (!cut) return std::unexpected(cut.error());
    return {};
  });
}

Result<std::optional<Draft>> Drafts::find(std::string_view token, std::string_view account, TimePoint now) {
  const std::string mark = mark_of("draft", token), owner = mark_of("draft account", account);
  std::string box;
  auto read = store::select(
      desk_.database(), "SELECT box FROM drafts WHERE mark = ?1 AND account = ?2 AND kept > ?3 AND kept <= ?4",
      [&](store::Statement& row) { box = store::text_at(row, 0); }, mark, owner, now - kFor, now);
  if (!read) return std::unexpected(read.error());
  const auto text = open_sealed(key_of(desk_.key(), account), box, mark);
  if (!text) return std::optional<Draft>();
  std::string_view left = *text;
  auto path = take(left);
  if (!path) return std::optional<Draft>();
  Draft draft{.path = *std::move(path), .fields = {}};
  while (!left.empty()) {
    auto name = take(left);
    auto value = name ? take(left) : std::nullopt;
    if (!value) return std::optional<Draft>();
    draft.fields.emplace_back(*std::move(name), *std::move(value));
  }
  return std::optional<Draft>(std::move(draft));
}

Result<void> Drafts::forget(TimePoint now) {
  // One of the future was kept by a clock that was ahead.
  auto gone = store::execute(desk_.database(), "DELETE FROM drafts WHERE kept <= ?1 OR kept > ?2", now - kFor, now);
  if (!gone) return std::unexpected(gone.error());
  return {};
}

Result<void> prepare_drafts(store::Database& desk) { return desk.run(kTable); }

}  // namespace schoolgate::casework
