#include "identity/saved_sessions.h"

#include <algorithm>

#include "base/ascii.h"
#include "identity/register_words.h"
#include "store/sql.h"

namespace schoolgate::identity {
namespace {

using store::Database;

SavedSession read_saved_session(store::Statement& row) {
  const auto confidence = [](std::int64_t stored) {
    return rules::Confidence(std::clamp<std::int64_t>(stored, 0, std::int64_t(rules::Confidence::login)));
  };
  return {.session = {.address = address_of_cell(row.take<std::string_view>()),
                      .person = {.user = row.take<std::string>(),
                                 .name = row.take<std::string>(),
                                 .groups = words_of_cell(row.take<std::string_view>()),
                                 .confidence = confidence(row.take<std::int64_t>()),
                                 .source = row.take<std::string>()},
                      .source = source_of(row.take<std::string_view>()).value_or(Source::neighbours),
                      .mac = row.take<std::string>(),
                      .session_id = row.take<std::string>(),
                      .terms_due = row.take<bool>(),
                      .until = row.take<std::optional<TimePoint>>()},
          .since = row.take<TimePoint>(),
          .seen = row.take<TimePoint>(),
          .ends = row.take<TimePoint>()};
}

}  // namespace

Result<void> SavedSessions::save(const std::vector<SavedSession>& sessions) {
  return people_->change_unmarked([&](Database& people) -> Result<void> {
    if (auto cleared = people.run("DELETE FROM sessions"); !cleared) return cleared;
    auto insert = people.prepare(
        "INSERT INTO sessions(address, user, name, groups, confidence, said_by, source, mac, session_id, terms_due, "
        "until, since, seen, ends) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
    if (!insert) return std::unexpected(insert.error());
    for (const SavedSession& saved : sessions) {
      const SignedIn& it = saved.session;
      const std::string address = it.address.text(), groups = joined(it.person.groups, ",");
      store::bind_all(*insert, address, it.person.user, it.person.name, groups, it.person.confidence, it.person.source,
                      to_string(it.source), it.mac, it.session_id, it.terms_due, it.until, saved.since, saved.seen,
                      saved.ends);
      if (!insert->run()) return std::unexpected(people.error("write"));
    }
    return {};
  });
}

Result<std::vector<SavedSession>> SavedSessions::load() {
  return people_->read([](Database& people) {
    return store::select_all(people,
                             "SELECT address, user, name, groups, confidence, said_by, source, mac, session_id, "
                             "terms_due, until, since, seen, ends FROM sessions",
                             read_saved_session);
  });
}

}  // namespace schoolgate::identity
