#include "identity/classes.h"

#include "identity/account_name.h"
#include "identity/register_words.h"
#include "store/sql.h"

namespace schoolgate::identity {
namespace {

using store::Database;

SchoolClass read_class(store::Statement& row) {
  return {.code = row.take<std::string>(),
          .title = row.take<std::string>(),
          .picture = row.take<std::string>(),
          .group = row.take<std::string>()};
}

}  // namespace

Result<void> Classes::put(const SchoolClass& school_class) {
  if (account_name(school_class.code) != school_class.code)
    return fail(Fault::client, "'" + school_class.code + "' is no code of a class", "one lower-case word: robins");
  if (auto good = check_words("the title", school_class.title, true); !good) return good;
  if (account_name(school_class.picture) != school_class.picture)
    return fail(Fault::client, "'" + school_class.picture + "' is no picture", "one lower-case word: owl");
  if (auto good = check_group(school_class.group); !good) return good;
  return people_->change([&](Database& people) {
    return store::write(people, "INSERT OR REPLACE INTO classes(code, title, picture, grp) VALUES(?1, ?2, ?3, ?4)",
                        school_class.code, school_class.title, school_class.picture, school_class.group);
  });
}

Result<std::optional<SchoolClass>> Classes::find(std::string_view code) {
  return people_->read([&](Database& people) {
    return store::select_first(people, "SELECT code, title, picture, grp FROM classes WHERE code = ?1", read_class,
                               code);
  });
}

Result<std::vector<SchoolClass>> Classes::all() {
  return people_->read([](Database& people) {
    return store::select_all(people, "SELECT code, title, picture, grp FROM classes ORDER BY code", read_class);
  });
}

Result<void> Classes::remove(std::string_view code) {
  return people_->change([&](Database& people) -> Result<void> {
    const auto removed = store::execute(people, "DELETE FROM classes WHERE code = ?1", code);
    if (!removed) return std::unexpected(removed.error());
    if (*removed == 0) return fail(Fault::client, "there is no class '" + std::string(code) + "'");
    return {};
  });
}

}  // namespace schoolgate::identity
