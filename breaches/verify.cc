#include "breaches/verify.h"

#include <charconv>

#include "base/digest.h"
#include "breaches/breach_store.h"
#include "store/chain.h"
#include "store/transaction.h"

namespace schoolgate::breaches {
namespace {

constexpr std::string_view kSeqMark = R"("seq":)";
constexpr std::string_view kPreviousMark = R"(,"previous_hash":")";
constexpr std::size_t kHashLength = 64;
constexpr std::uint64_t kProgressEvery = 10'000;

// The number that a record says it has. Its hash was checked before, so its form is the one that this room writes.
std::uint64_t own_seq(std::string_view record) {
  const std::size_t at = record.find(kSeqMark);
  if (at == std::string_view::npos) return 0;
  std::uint64_t seq = 0;
  std::from_chars(record.data() + at + kSeqMark.size(), record.data() + record.size(), seq);
  return seq;
}

std::string_view own_previous(std::string_view record) {
  const std::size_t at = record.rfind(kPreviousMark);
  return at == std::string_view::npos ? std::string_view{} : record.substr(at + kPreviousMark.size(), kHashLength);
}

std::string number(std::uint64_t n) { return std::to_string(n); }

class Walk {
 public:
  explicit Walk(const store::ChainHead& head) : head_(head), expected_(head.cut_seq + 1), previous_(head.cut_hash) {}

  std::optional<ChainFault> see(std::uint64_t seq, std::string_view record, std::string_view hash) {
    using enum ChainFault::Kind;
    if (to_hex(sha256(record)) != hash) return ChainFault{changed, seq, "record " + number(seq) + " was changed"};
    if (own_seq(record) != seq)
      return ChainFault{
          reordered, seq,
          "record " + number(seq) + " is out of order: it was written as number " + number(own_seq(record))};
    if (seq > expected_)
      return ChainFault{missing, expected_,
                        seq == expected_ + 1
                            ? "record " + number(expected_) + " is missing"
                            : "records " + number(expected_) + " to " + number(seq - 1) + " are missing"};
    if (seq < expected_)
      return ChainFault{unsigned_, seq, "record " + number(seq) + " stands before the signed beginning"};
    if (own_previous(record) != previous_)
      return ChainFault{
          replaced, seq,
          "record " + number(seq) + " does not follow the record before it: one of the two was rewritten"};
    if (seq > head_.seq)
      return ChainFault{unsigned_, seq, "record " + number(seq) + " was added after the signed head"};
    ++expected_;
    previous_ = hash;
    return std::nullopt;
  }

  std::optional<ChainFault> end(bool head_signed) const {
    using enum ChainFault::Kind;
    if (expected_ <= head_.seq)
      return ChainFault{cut, expected_,
                        "records " + number(expected_) + " to " + number(head_.seq) + " are missing at the end"};
    if (previous_ != head_.hash)
      return ChainFault{replaced, head_.seq, "record " + number(head_.seq) + " is not the one that the head names"};
    if (!head_signed) return ChainFault{unsigned_, 0, "the head is not signed by this gateway's key"};
    if (!head_.broken.empty()) return ChainFault{unsigned_, 0, "the chain was found broken: " + head_.broken};
    return std::nullopt;
  }

 private:
  const store::ChainHead& head_;
  std::uint64_t expected_;
  std::string previous_;
};

}  // namespace

Result<ChainReport> verify_chain(const std::filesystem::path& file, const std::filesystem::path& state_folder,
                                 const VerifyProgress& progress) {
  const auto key = store::StateKey::load(state_folder);
  if (!key) return std::unexpected(key.error());
  auto database = store::Database::open(file, store::Database::Access::read);
  if (!database) return std::unexpected(database.error());
  // One read transaction: head and records of the same moment, whatever is written meanwhile.
  const auto moment = store::Transaction::begin(*database, store::Transaction::Kind::deferred);
  if (!moment) return std::unexpected(moment.error());
  const auto head = store::read_head(*database);
  if (!head) return std::unexpected(head.error());
  auto query = database->prepare("SELECT seq, record, hash FROM records ORDER BY seq");
  if (!query) return std::unexpected(query.error());

  ChainReport report;
  report.removed = head->cut_seq;
  report.head_hash = head->hash;
  Walk walk(*head);
  auto step = query->step();
  for (; step == store::Statement::Step::row; step = query->step()) {
    const auto seq = std::uint64_t(query->integer(0));
    if ((report.fault = walk.see(seq, query->text(1), query->text(2)))) return report;
    if (report.records++ == 0) report.first = seq;
    report.last = seq;
    if (progress && report.records % kProgressEvery == 0) progress(report.records, head->seq - head->cut_seq);
  }
  if (step == store::Statement::Step::failed) return std::unexpected(database->error("read"));
  if (head->chain.empty()) {
    report.fault = ChainFault{ChainFault::Kind::unsigned_, 0, "the log has no head"};
    return report;
  }
  report.fault = walk.end(head->is_signed_by(*key));
  return report;
}

Result<ChainReport> verify_breaches(const std::filesystem::path& state_folder, const VerifyProgress& progress) {
  return verify_chain(state_folder / kBreachesFile, state_folder, progress);
}

}  // namespace schoolgate::breaches
