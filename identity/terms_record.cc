#include "identity/terms_record.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/uuid.h"
#include "identity/register_words.h"
#include "store/chain.h"
#include "store/sql.h"

namespace schoolgate::identity {
namespace {

using store::Database;
using store::Statement;
using Step = store::Statement::Step;

TermsAnswer read_answer(Statement& row) {
  return {.user = row.take<std::string>(),
          .name = row.take<std::string>(),
          .role = person_role_of(row.take<std::string_view>()).value_or(PersonRole::pupil),
          .version = row.take<std::string>(),
          .accepted = row.take<bool>(),
          .when = row.take<TimePoint>(),
          .from = address_of_cell(row.take<std::string_view>())};
}
constexpr const char* kSelectAnswers = "SELECT user, name, role, version, accepted, time, address FROM answers ";

/// The record without its end; what the chain hashes.
std::string record_of(const TermsAnswer& answer, std::string_view id, std::uint64_t seq) {
  std::string record;
  JsonWriter json(record);
  json.begin_object().field("id", id).field("seq", seq).field("time", to_rfc3339(answer.when));
  json.field("user", answer.user).field("name", answer.name).field("role", to_string(answer.role));
  json.field("version", answer.version).field("accepted", answer.accepted).field("from", answer.from.text());
  return record;
}

Result<std::int64_t> count_of(Database& people) { return store::select_number(people, "SELECT count(*) FROM answers"); }

Result<std::uint64_t> walk(Database& people, const store::StateKey& key) {
  const auto head = store::read_head(people);
  // No answer yet: the chain's tables are made with the first.
  if (!head) {
    const auto none = count_of(people);
    if (none && *none == 0) return 0;
    return std::unexpected(head.error());
  }
  if (!head->broken.empty()) return fail(Fault::host, "the record of answers is broken: " + head->broken);
  if (!head->is_signed_by(key)) return fail(Fault::host, "the record of answers is not signed by this gateway");

  auto query = people.prepare(
      "SELECT r.seq, r.record, r.hash, a.id, a.user, a.name, a.role, a.version, a.accepted, a.time, a.address "
      "FROM records r LEFT JOIN answers a ON a.seq = r.seq ORDER BY r.seq");
  if (!query) return std::unexpected(query.error());
  std::uint64_t count = 0, last = head->cut_seq;
  std::string before = head->cut_hash;
  for (Step step = query->step(); step != Step::done; step = query->step()) {
    if (step == Step::failed) return std::unexpected(people.error("read"));
    const auto seq = query->take<std::uint64_t>();
    const auto record = query->take<std::string>(), hash = query->take<std::string>(), id = query->take<std::string>();
    const std::string expected = record_of(read_answer(*query), id, seq) + R"(,"previous_hash":")" + before + "\"}";
    if (seq != last + 1 || record != expected || hash != to_hex(sha256(record)))
      return fail(Fault::host, "answer " + std::to_string(last + 1) + " to the terms is not as it was written");
    before = hash;
    last = seq;
    ++count;
  }
  const auto rows = count_of(people);
  if (!rows) return std::unexpected(rows.error());
  if (last != head->seq || before != head->hash || std::uint64_t(*rows) != count)
    return fail(Fault::host, "answers to the terms are missing after number " + std::to_string(last));
  return count;
}

// A chain is cut at its beginning only, and a person who has access is not asked again because an answer has grown old.
Result<std::uint64_t> forget(Database& people, const store::StateKey& key, TimePoint before, TimePoint now) {
  const auto oldest = store::select_number(
      people,
      "SELECT coalesce((SELECT min(last) FROM (SELECT max(seq) AS last FROM answers WHERE user IN (SELECT user FROM "
      "access WHERE closed IS NULL) GROUP BY user)), (SELECT max(seq) + 1 FROM answers), 0)");
  if (!oldest) return std::unexpected(oldest.error());
  if (*oldest == 0) return 0;
  auto chain = store::Chain::open(people, key);
  if (!chain) return std::unexpected(chain.error());
  const std::uint64_t stays = std::uint64_t(*oldest), cut = chain->head().cut_seq;
  if (stays <= cut + 1) return 0;
  auto removed = chain->remove_before(before, now, stays - cut - 1);
  if (!removed) return removed;
  // Also where an earlier cut was not followed by this: a power cut may have come between.
  auto gone = store::write(people, "DELETE FROM answers WHERE seq <= ?1", chain->head().cut_seq);
  if (!gone) return std::unexpected(gone.error());
  return removed;
}

}  // namespace

Result<void> TermsRecord::add(const TermsAnswer& answer) {
  return people_->change_unmarked([&](Database& people) -> Result<void> {
    // Opened within the transaction: another process may have written since.
    auto chain = store::Chain::open(people, people_->key());
    if (!chain) return std::unexpected(chain.error());
    const std::uint64_t seq = chain->next_seq();
    const std::string id = Uuid::v7(answer.when).text(), address = answer.from.text();
    std::string record = record_of(answer, id, seq);
    chain->close_record(record);
    if (!chain->append(answer.when, record) || !chain->store_head()) return std::unexpected(people.error("write"));
    return store::write(people,
                        "INSERT INTO answers(seq, user, name, role, version, accepted, time, address, id) "
                        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                        seq, answer.user, answer.name, to_string(answer.role), answer.version, answer.accepted,
                        answer.when, address, id);
  });
}

Result<std::optional<TermsAnswer>> TermsRecord::last_of(std::string_view user) {
  return people_->read([&](Database& people) {
    return store::select_first(people, kSelectAnswers + std::string("WHERE user = ?1 ORDER BY seq DESC"), read_answer,
                               user);
  });
}

Result<std::vector<TermsAnswer>> TermsRecord::last_of_each() {
  return people_->read([](Database& people) {
    return store::select_all(
        people,
        kSelectAnswers + std::string("WHERE seq IN (SELECT max(seq) FROM answers WHERE user IN (SELECT "
                               "user FROM access WHERE closed IS NULL) GROUP BY user) ORDER BY seq"),
        read_answer);
  });
}

Result<std::vector<TermsAnswer>> TermsRecord::all() {
  return people_->read([](Database& people) {
    return store::select_all(people, kSelectAnswers + std::string("ORDER BY seq"), read_answer);
  });
}

Result<std::uint64_t> TermsRecord::verify() {
  return people_->read([&](Database& people) { return walk(people, people_->key()); });
}

Result<std::uint64_t> TermsRecord::forget_before(TimePoint before, TimePoint now) {
  std::uint64_t removed = 0;
  auto done = people_->change_unmarked([&](Database& people) -> Result<void> {
    const auto gone = forget(people, people_->key(), before, now);
    if (!gone) return std::unexpected(gone.error());
    removed = *gone;
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return removed;
}

}  // namespace schoolgate::identity
