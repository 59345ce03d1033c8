#include "identity/people_retention.h"

#include "identity/terms_record.h"
#include "store/sql.h"

namespace schoolgate::identity {

Result<std::uint64_t> forget_people_before(PeopleDatabase& people, TimePoint before, TimePoint now) {
  std::uint64_t rows = 0;
  auto done = people.change([&](store::Database& database) -> Result<void> {
    for (const char* sql : {"DELETE FROM access WHERE closed < ?1", "DELETE FROM visits WHERE closed < ?1",
                            "DELETE FROM wrong_passwords WHERE last < ?1",
                            "DELETE FROM accounts WHERE (disabled = 1 OR valid_until < ?1)"
                            " AND user NOT IN (SELECT user FROM access)"}) {
      const auto removed = store::execute(database, sql, before);
      if (!removed) return std::unexpected(removed.error());
      rows += *removed;
    }
    return {};
  });
  if (!done) return std::unexpected(done.error());
  const auto answers = TermsRecord(people).forget_before(before, now);
  if (!answers) return answers;
  return rows + *answers;
}

}  // namespace schoolgate::identity
