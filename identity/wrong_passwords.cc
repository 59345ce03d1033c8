#include "identity/wrong_passwords.h"

#include "base/digest.h"
#include "identity/register_words.h"
#include "store/sql.h"

namespace schoolgate::identity {
namespace {

using store::Database;

constexpr std::int64_t kMostNames = 10'000;

}  // namespace

std::string WrongPasswords::name_of_unknown(std::string_view typed) const {
  return "unknown-" + to_hex(people_->key().sign("unknown account", typed)).substr(0, 16);
}

Result<void> WrongPasswords::note(std::string_view typed, const names::IpAddress& from, TimePoint now) {
  return people_->change_unmarked([&](Database& people) -> Result<void> {
    const auto known = store::select_number(people,
                                            "SELECT ?1 IN (SELECT user FROM accounts) OR ?1 IN (SELECT user FROM "
                                            "access) OR ?1 IN (SELECT user FROM answers)",
                                            typed);
    if (!known) return std::unexpected(known.error());
    const std::string user = *known != 0 ? std::string(typed) : name_of_unknown(typed);
    return store::write(
        people,
        "INSERT INTO wrong_passwords(user, count, last, address) SELECT ?1, 1, ?2, ?3 "
        "WHERE (SELECT count(*) FROM wrong_passwords) < ?4 OR ?1 IN (SELECT user FROM wrong_passwords) "
        "ON CONFLICT(user) DO UPDATE SET count = count + 1, last = excluded.last, address = excluded.address",
        user, now, from.text(), kMostNames);
  });
}

Result<void> WrongPasswords::clear(std::string_view user) {
  const std::string unknown = name_of_unknown(user);  // as it was kept before its first sign-in
  const auto there = people_->read([&](Database& people) {
    return store::select_number(people, "SELECT count(*) FROM wrong_passwords WHERE user IN (?1, ?2)", user, unknown);
  });
  if (!there) return std::unexpected(there.error());
  if (*there == 0) return {};  // no write, so no wait for the disk, at the usual sign-in
  return people_->change_unmarked([&](Database& people) {
    return store::write(people, "DELETE FROM wrong_passwords WHERE user IN (?1, ?2)", user, unknown);
  });
}

Result<std::vector<WrongPasswordCount>> WrongPasswords::all() {
  return people_->read([](Database& people) {
    return store::select_all(people, "SELECT user, count, last, address FROM wrong_passwords ORDER BY last DESC",
                             [](store::Statement& row) {
                               return WrongPasswordCount{.user = row.take<std::string>(),
                                                         .count = row.take<std::uint64_t>(),
                                                         .last = row.take<TimePoint>(),
                                                         .from = address_of_cell(row.take<std::string_view>())};
                             });
  });
}

}  // namespace schoolgate::identity
