#include "casework/about_person.h"

#include "breaches/breach_store.h"
#include "store/sql.h"

namespace schoolgate::casework {

Result<std::string> episodes_of(DeskStore& desk, std::string_view person) {
  const auto text = [](store::Statement& row) { return row.take<std::string>(); };
  std::string known = "[]";
  if (auto log = store::Database::open(desk.folder() / breaches::kBreachesFile, store::Database::Access::read)) {
    auto read = select_first(*log, "SELECT json_group_array(id) FROM episodes WHERE who = ?1", text,
                             "person " + std::string(person));
    if (!read) return std::unexpected(read.error());
    known = read->value_or(known);
  }
  auto all = select_first(
      desk.database(),
      "SELECT json_group_array(id) FROM (SELECT value AS id FROM json_each(?1) UNION SELECT about FROM journal WHERE"
      " person = ?2 AND what = 'acknowledge')",
      text, known, person);
  if (!all) return std::unexpected(all.error());
  return all->value_or("[]");
}

}  // namespace schoolgate::casework
