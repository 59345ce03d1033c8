#include "identity/set_up_links.h"

#include "store/sql.h"

namespace schoolgate::identity {
namespace {

using store::Database;

Result<std::optional<SetUp>> good_link(Database& users, std::string_view token, TimePoint now) {
  if (!is_token(token)) return std::nullopt;
  return store::select_first(
      users, "SELECT user FROM set_up_links WHERE token_hash = ?1 AND until > ?2",
      [](store::Statement& row) { return SetUp{row.take<std::string>()}; }, hash_of_token(token), now);
}

}  // namespace

Result<SetUpLink> SetUpLinks::make(TimePoint now, std::string_view user) {
  SetUpLink link{make_token(), now + kGoodFor};
  auto done = users_->change([&](Database& users) -> Result<void> {
    std::string name;
    if (!user.empty()) {
      const auto row = known_user_row(users, user);
      if (!row) return std::unexpected(row.error());
      name = row->user.user;
    }
    auto gone = store::write(users, "DELETE FROM set_up_links WHERE user = ?1 OR until <= ?2", name, now);
    if (!gone) return gone;
    return store::write(users, "INSERT INTO set_up_links VALUES (?1, ?2, ?3)", hash_of_token(link.token), name,
                        link.until);
  });
  if (!done) return std::unexpected(done.error());
  return link;
}

Result<std::optional<SetUp>> SetUpLinks::look_at(std::string_view token, TimePoint now) {
  return users_->read([&](Database& users) { return good_link(users, token, now); });
}

Result<void> SetUpLinks::use(std::string_view token, std::string_view user, std::string_view name,
                             std::string_view password, TimePoint now) {
  const auto refuse = [] {
    return fail(Fault::client, "this link has been used, or is older than 24 hours", "schoolgate user setup-link");
  };
  const auto look = look_at(token, now);  // before a hash is made for anybody who asks
  if (!look) return std::unexpected(look.error());
  if (!*look) return refuse();
  const auto hash = hash_of_good_password(password, (*look)->user.empty() ? user : std::string_view((*look)->user));
  if (!hash) return std::unexpected(hash.error());
  return users_->change([&](Database& users) -> Result<void> {
    const auto link = good_link(users, token, now);  // another may have used it since
    if (!link) return std::unexpected(link.error());
    if (!*link) return refuse();
    auto used = store::write(users, "DELETE FROM set_up_links WHERE token_hash = ?1", hash_of_token(token));
    if (!used) return used;
    const std::string& of = (*link)->user;
    if (of.empty()) return put_user(users, user, name, Role::administrator, *hash, now);
    if (auto put = put_password(users, of, *hash); !put) return put;
    return end_sessions(users, of);
  });
}

}  // namespace schoolgate::identity
