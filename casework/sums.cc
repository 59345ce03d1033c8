#include "casework/sums.h"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <string>
#include <tuple>
#include <unordered_map>

#include "breaches/breach_store.h"
#include "breaches/flat_json.h"
#include "casework/shown_text.h"
#include "store/chain.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

constexpr std::size_t kChunk = 1 << 20, kLongestLine = 64 * 1024;
constexpr const char* kBreachesRead = "breaches";

// The value of a text field of a decision line. A client's text cannot hold a quote that is not escaped, so the first
// place where the name stands with its punctuation is the field; categories, groups and actions need no unescaping.
std::string_view field_of(std::string_view line, std::string_view opening) {
  const std::size_t at = line.find(opening);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + opening.size();
  return line.substr(begin, line.find('"', begin) - begin);
}

// A file's first line tells it apart from every other, whatever it is called.
std::string name_of_first_line(std::string_view text) {
  const std::size_t end = text.find('\n');
  return end == std::string_view::npos ? std::string() : "file " + to_hex(sha256(text.substr(0, end)));
}

// A file of decisions, open to be read at any place while this lives.
class DecisionFile {
 public:
  /// What is read stands in `buffer` until the next read.
  DecisionFile(const std::filesystem::path& path, std::string& buffer)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)), buffer_(buffer) {
    buffer_.resize(kChunk);
  }
  ~DecisionFile() {
    if (is_open()) ::close(fd_);
  }
  DecisionFile(const DecisionFile&) = delete;
  DecisionFile& operator=(const DecisionFile&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  [[nodiscard]] std::string_view read_at(std::int64_t at, std::size_t most) const {
    const auto got = ::pread(fd_, buffer_.data(), most, at);
    return {buffer_.data(), got > 0 ? std::size_t(got) : 0};
  }

 private:
  const int fd_;
  std::string& buffer_;
};

struct DecisionSums {
  /// By the local day, group, category and action, with line feeds between them: few different ones, so a map of texts
  /// is quick enough.
  std::unordered_map<std::string, std::uint64_t> counts;
  std::uint64_t lines = 0;  ///< read
  std::int64_t at = 0;      ///< where the next reading begins
};

// At most `limit` whole lines from `at` on.
DecisionSums sum_lines(const DecisionFile& file, std::int64_t at, std::uint64_t limit, const LocalClock& clock) {
  DecisionSums sums{.counts = {}, .lines = 0, .at = at};
  std::string key, minute;
  std::int64_t day = 0;
  while (sums.lines < limit) {
    const std::string_view text = file.read_at(sums.at, kChunk);
    const std::size_t whole = text.rfind('\n');
    if (whole == std::string_view::npos) break;
    std::size_t begin = 0;
    while (begin <= whole && sums.lines < limit) {
      const std::size_t end = text.find('\n', begin);
      const std::string_view line = text.substr(begin, end - begin);
      begin = end + 1;
      const std::string_view time = field_of(line, R"({"time":")");
      ++sums.lines;
      if (time.size() < 16 || field_of(line, R"(,"confidence":")") == breaches::kSelftest) continue;
      // No zone changes its day within a minute.
      if (time.substr(0, 16) != minute) {
        const auto instant = from_rfc3339(time);
        if (!instant) continue;
        minute = time.substr(0, 16);
        day = local_or_utc(clock, *instant).day.time_since_epoch().count();
      }
      key = std::to_string(day);
      key.append(1, '\n').append(field_of(line, R"(,"group":")"));
      key.append(1, '\n').append(field_of(line, R"(,"category":")"));
      key.append(1, '\n').append(field_of(line, R"(,"action":")"));
      ++sums.counts[key];
    }
    sums.at += std::int64_t(begin);
  }
  return sums;
}

// Inside DeskStore::change(): the sums, and how far the file of this name was read, or neither.
Result<void> keep(store::Database& database, const DecisionSums& sums, const std::string& name) {
  for (const auto& [text, count] : sums.counts) {
    const std::size_t a = text.find('\n'), b = text.find('\n', a + 1), c = text.find('\n', b + 1);
    auto put = store::write(database,
                            "INSERT INTO decision_days(day, grp, category, action, n) VALUES(?1, ?2, ?3, ?4, ?5)"
                            " ON CONFLICT DO UPDATE SET n = n + excluded.n",
                            std::stoll(text.substr(0, a)), text.substr(a + 1, b - a - 1), text.substr(b + 1, c - b - 1),
                            text.substr(c + 1), count);
    if (!put) return put;
  }
  return store::write(database, "INSERT OR REPLACE INTO sums_read(name, at) VALUES(?1, ?2)", name, sums.at);
}

}  // namespace

Sums::Sums(DeskStore& desk, std::filesystem::path decisions, LocalClock clock)
    : desk_(desk), decisions_(std::move(decisions)), clock_(std::move(clock)) {}

Result<Sums::Progress> Sums::advance(std::uint64_t lines) {
  Progress progress;
  if (auto done = add_breaches(lines, progress); !done) return std::unexpected(done.error());
  if (auto done = add_decisions(lines, progress); !done) return std::unexpected(done.error());
  return progress;
}

Result<void> Sums::add_breaches(std::uint64_t limit, Progress& progress) {
  auto breaches = store::Database::open(desk_.folder() / breaches::kBreachesFile, store::Database::Access::read);
  if (!breaches) return {};  // no log yet
  auto head = store::read_head(*breaches);
  if (!head) return {};
  const std::string name = std::string(kBreachesRead) + ' ' + head->chain;
  store::Database& database = desk_.database();
  const auto after = select_number(database, "SELECT at FROM sums_read WHERE name = ?1", name);
  if (!after) return std::unexpected(after.error());

  std::map<std::tuple<std::int64_t, int, std::string, std::string, std::string>, std::uint64_t> sums;
  std::int64_t last = *after;
  auto read = select(
      *breaches, "SELECT seq, time, record FROM records WHERE seq > ?1 ORDER BY seq LIMIT ?2",
      [&](store::Statement& row) {
        last = row.integer(0);
        ++progress.breaches;
        const auto json = breaches::FlatJson::parse(row.text(2));
        if (!json || json->text("confidence") == breaches::kSelftest) return;
        const LocalTime local = local_or_utc(clock_, time_at(row, 1));
        sums[{local.day.time_since_epoch().count(), local.minute / 60, std::string(json->text("theme")),
              std::string(json->text("group")), std::string(json->text("action"))}] +=
            json->has("attempts") ? std::uint64_t(json->number("attempts")) : 1;
      },
      *after, limit);
  if (!read) return read;
  if (progress.breaches == 0) return {};
  progress.more |= progress.breaches >= limit;
  return desk_.change([&]() -> Result<void> {
    for (const auto& [key, count] : sums) {
      auto put =
          execute(database,
                  "INSERT INTO breach_hours(day, hour, theme, grp, action, n) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
                  " ON CONFLICT DO UPDATE SET n = n + excluded.n",
                  std::get<0>(key), std::get<1>(key), std::get<2>(key), std::get<3>(key), std::get<4>(key), count);
      if (!put) return std::unexpected(put.error());
    }
    auto put = execute(database, "INSERT OR REPLACE INTO sums_read(name, at) VALUES(?1, ?2)", name, last);
    if (!put) return std::unexpected(put.error());
    return {};
  });
}

Result<void> Sums::add_decisions(std::uint64_t limit, Progress& progress) {
  store::Database& database = desk_.database();
  std::string buffer;
  const auto files = decisions_.all();
  if (!files) return std::unexpected(files.error());
  for (const auto& path : *files) {
    if (progress.decisions >= limit) {
      progress.more = true;
      return {};
    }
    const DecisionFile file(path, buffer);
    if (!file.is_open()) continue;  // rotated away this moment, or not ours to read
    const std::string name = name_of_first_line(file.read_at(0, kLongestLine));
    if (name.empty()) continue;
    const auto known = select_number(database, "SELECT at FROM sums_read WHERE name = ?1", name);
    if (!known) return std::unexpected(known.error());
    if (*known < 0) continue;
    const DecisionSums sums = sum_lines(file, *known, limit - progress.decisions, clock_);
    if (sums.lines == 0) continue;
    progress.decisions += sums.lines;
    if (auto kept = desk_.change([&] { return keep(database, sums, name); }); !kept) return kept;
  }
  return {};
}

}  // namespace schoolgate::casework
