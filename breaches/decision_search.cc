#include "breaches/decision_search.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

namespace schoolgate::breaches {
namespace {

constexpr std::int64_t kMostRead = 16 << 20;  // bytes of one file
constexpr std::size_t kSearchChunk = 256 * 1024;
constexpr auto kSlack = std::chrono::seconds(30);  // a worker hands its buffer over when full, or once a tick
constexpr auto kLateEnd = std::chrono::minutes(10);

struct When {
  TimePoint begin, end;
};

// {"time":"2026-11-22T09:30:00.125Z",…,"ms":3.125,…
std::optional<When> when_of(std::string_view line) {
  constexpr std::string_view kTime = R"({"time":")", kMs = R"(,"ms":)";
  if (!line.starts_with(kTime)) return std::nullopt;
  const auto begin = from_rfc3339(line.substr(kTime.size(), line.find('"', kTime.size()) - kTime.size()));
  if (!begin) return std::nullopt;
  std::int64_t ms = 0;
  // From behind: text that a client chose stands before it, and cannot hold a quote that is not escaped.
  if (const std::size_t at = line.rfind(kMs); at != std::string_view::npos)
    std::from_chars(line.data() + at + kMs.size(), line.data() + line.size(), ms);
  return When{*begin, *begin + std::chrono::milliseconds(ms)};
}

class File {
 public:
  explicit File(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {
    struct stat about{};
    if (fd_ >= 0 && ::fstat(fd_, &about) == 0 && S_ISREG(about.st_mode)) size_ = about.st_size;
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] std::int64_t size() const { return size_; }

  /// At most `most` bytes at `at`; empty at the end and on failure.
  std::string_view read(std::int64_t at, std::size_t most) {
    buffer_.resize(most);
    const auto got = ::pread(fd_, buffer_.data(), most, at);
    return {buffer_.data(), got > 0 ? std::size_t(got) : 0};
  }
  /// When the first whole line at or after `at` ended, and where it begins.
  std::optional<std::pair<std::int64_t, When>> line_after(std::int64_t at) {
    constexpr std::size_t kLongestLine = 64 * 1024;
    for (const std::size_t most : {std::size_t(8192), 2 * kLongestLine}) {
      std::string_view text = read(at == 0 ? 0 : at - 1, most);
      const std::size_t begin = at == 0 ? 0 : text.find('\n');
      if (begin == std::string_view::npos) continue;
      const std::size_t line = at == 0 ? 0 : begin + 1;
      const std::size_t end = text.find('\n', line);
      if (end == std::string_view::npos) continue;
      const auto when = when_of(text.substr(line, end - line));
      if (!when) return line_after_bad((at == 0 ? 0 : at - 1) + std::int64_t(end) + 1);
      return std::pair{(at == 0 ? 0 : at - 1) + std::int64_t(line), *when};
    }
    return std::nullopt;
  }

 private:
  // A line that does not parse (cut by a full disk) is passed over; a second one in a row ends the search there.
  std::optional<std::pair<std::int64_t, When>> line_after_bad(std::int64_t at) {
    const std::string_view text = read(at, 2 * 64 * 1024);
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto when = when_of(text.substr(0, end));
    if (!when) return std::nullopt;
    return std::pair{at, *when};
  }

  int fd_ = -1;
  std::int64_t size_ = 0;
  std::string buffer_;
};

// Where the first line that ended at or after `time` begins, or a little before.
std::int64_t find_first(File& file, TimePoint time) {
  std::int64_t low = 0, high = file.size();
  while (high - low > std::int64_t(4096)) {
    const std::int64_t middle = low + (high - low) / 2;
    const auto line = file.line_after(middle);
    if (line && line->second.end < time)
      low = line->first;
    else
      high = middle;
  }
  return low;
}

}  // namespace

Result<void> read_lines_with(const std::filesystem::path& path, std::string_view part,
                             const std::function<bool(std::string_view)>& line) {
  File file(path);
  if (!file.is_open()) return fail_errno("cannot read " + path.string(), errno);
  for (std::int64_t at = 0;;) {
    const std::string_view text = file.read(at, 4 * kSearchChunk);
    const std::size_t whole = text.rfind('\n');
    if (whole == std::string_view::npos) return {};
    for (std::size_t hit = text.find(part); hit < whole; hit = text.find(part, hit)) {
      const std::size_t before = text.rfind('\n', hit), end = text.find('\n', hit);
      const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
      if (!line(text.substr(begin, end - begin))) return {};
      hit = end;
    }
    at += std::int64_t(whole) + 1;
  }
}

Result<std::vector<std::filesystem::path>> DecisionFiles::all() const {
  std::vector<std::filesystem::path> files;
  if (file_.empty()) return files;
  const std::string begin = file_.stem().string() + "-", end = file_.extension().string();
  std::error_code error;
  const std::filesystem::path folder = file_.has_parent_path() ? file_.parent_path() : ".";
  const std::filesystem::directory_iterator entries(folder, error);
  if (error == std::errc::no_such_file_or_directory) return files;
  if (error) return fail(Fault::host, "cannot read " + folder.string() + ": " + error.message());
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (name.size() == begin.size() + 10 + end.size() && name.starts_with(begin) && name.ends_with(end) &&
        from_rfc3339(std::string_view(name).substr(begin.size(), 10)))
      files.push_back(entry.path());
  }
  std::ranges::sort(files);
  if (std::filesystem::exists(file_, error)) files.push_back(file_);
  return files;
}

Result<DecisionFiles::Looked> DecisionFiles::read(TimePoint since, TimePoint until,
                                                  const std::function<bool(std::string_view)>& line) const {
  Looked looked;
  if (file_.empty()) return looked;
  std::vector<std::filesystem::path> files;
  const auto first_day = std::chrono::floor<std::chrono::days>(since);
  const auto last_day = std::chrono::floor<std::chrono::days>(until + kLateEnd);
  for (auto day = first_day; day <= last_day && files.size() < 8; day += std::chrono::days(1)) {
    const std::string of_day = to_rfc3339(TimePoint(day)).substr(0, 10);
    files.push_back(file_.parent_path() / (file_.stem().string() + "-" + of_day + file_.extension().string()));
  }
  files.push_back(file_);  // today's; yesterday's too until the first line of today

  for (const auto& path : files) {
    File file(path);
    if (!file.is_open()) continue;
    const auto first = file.line_after(0);
    if (!first || first->second.begin > until + kLateEnd) continue;
    std::int64_t at = find_first(file, since - kSlack);
    const std::int64_t most = at + kMostRead;
    bool ended = false;
    while (!ended && at < most) {
      const std::string_view text = file.read(at, kSearchChunk);
      if (text.empty()) break;
      const std::size_t whole = text.rfind('\n');
      if (whole == std::string_view::npos) break;  // no line is so long, or the last one is being written
      for (std::size_t begin = 0; begin <= whole && !ended;) {
        const std::size_t end = text.find('\n', begin);
        const std::string_view one = text.substr(begin, end - begin);
        begin = end + 1;
        const auto when = when_of(one);
        if (!when) continue;
        if (when->end > until + kLateEnd + kSlack) ended = true;
        if (when->end < since || when->begin >= until) continue;
        looked.kept = true;
        if (!line(one)) return looked;
      }
      at += std::int64_t(whole) + 1;
    }
    if (!ended && at >= most) looked.cut_short = true;
    if (first->second.begin <= until) looked.kept = true;
  }
  return looked;
}

}  // namespace schoolgate::breaches
