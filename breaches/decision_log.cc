#include "breaches/decision_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"
#include "breaches/decision_line.h"

namespace schoolgate::breaches {
namespace {

constexpr std::size_t kMostWaitingBytes = 64u << 20;
constexpr std::size_t kBlockSize = 64u << 10;

std::string day_text(TimePoint time) { return to_rfc3339(time).substr(0, 10); }

}  // namespace

struct DecisionLog::Impl {
  struct Block {
    std::string text;
    std::size_t lines;
  };

  std::filesystem::path file;
  std::chrono::seconds retention{};
  AskClock clock;
  [[nodiscard]] TimePoint now() const { return clock().likely; }
  OnTrouble on_trouble;
  int fd = -1;      // the writer's
  std::string day;  // of the open file
  bool failing = false, nameless = false;

  std::mutex mutex;
  std::condition_variable work, drained;
  std::deque<Block> blocks;
  std::size_t waiting = 0;  // bytes
  bool writing = false, stopping = false;
  std::atomic<std::uint64_t> dropped = 0;
  std::thread writer;

  ~Impl() {
    if (fd >= 0) ::close(fd);
  }
  Result<void> open_file();
  void write_until_stopped();
  void write_block(const Block& block);
  void follow_the_name();
  void tell_failure(const Error& why);
  void rotate_if_due();
  void remove_old();
  [[nodiscard]] bool is_older_than(const std::filesystem::directory_entry& entry, TimePoint oldest) const;
  [[nodiscard]] TimePoint written(TimePoint last) const;
  [[nodiscard]] std::filesystem::path rotated_name(const std::string& of_day) const {
    return file.parent_path() / (file.stem().string() + "-" + of_day + file.extension().string());
  }
};

DecisionLog::DecisionLog() : impl_(std::make_unique<Impl>()) {}

std::unique_ptr<DecisionLog> DecisionLog::open(const std::filesystem::path& file, std::chrono::seconds retention,
                                               AskClock clock, OnTrouble on_trouble) {
  std::unique_ptr<DecisionLog> log(new DecisionLog);
  log->impl_->file = file;
  log->impl_->retention = retention;
  log->impl_->clock = std::move(clock);
  log->impl_->on_trouble = std::move(on_trouble);
  if (auto opened = log->impl_->open_file(); !opened) log->impl_->tell_failure(opened.error());
  log->impl_->writer = std::thread([impl = log->impl_.get()] {
    name_this_thread("decision-writer");
    impl->write_until_stopped();
  });
  return log;
}

DecisionLog::~DecisionLog() {
  if (!impl_->writer.joinable()) return;
  {
    const std::lock_guard guard(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->work.notify_one();
  impl_->writer.join();
}

void DecisionLog::submit(std::string block, std::size_t lines) {
  {
    const std::lock_guard guard(impl_->mutex);
    if (impl_->waiting + block.size() > kMostWaitingBytes) {
      impl_->dropped += lines;
      return;
    }
    impl_->waiting += block.size();
    impl_->blocks.push_back({std::move(block), lines});
  }
  impl_->work.notify_one();
}

void DecisionLog::drain() {
  std::unique_lock guard(impl_->mutex);
  impl_->drained.wait(guard, [&] { return impl_->blocks.empty() && !impl_->writing; });
}

std::uint64_t DecisionLog::dropped() const noexcept { return impl_->dropped; }

Result<void> DecisionLog::Impl::open_file() {
  const int opened = ::open(file.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (opened < 0) return fail_errno("cannot open " + file.string(), errno);
  ::fchmod(opened, 0640);
  struct stat about{};
  if (::fstat(opened, &about) != 0 || !S_ISREG(about.st_mode)) {
    ::close(opened);
    return fail(Fault::config, file.string() + " is not a regular file");
  }
  if (fd >= 0) ::close(fd);
  fd = opened;
  // A file from an earlier day goes on being that day's until the next rotation renames it.
  day = day_text(about.st_size > 0 ? written(TimePoint(std::chrono::seconds(about.st_mtime))) : now());
  return {};
}

void DecisionLog::Impl::write_until_stopped() {
  while (true) {
    Block block;
    {
      std::unique_lock guard(mutex);
      writing = false;
      if (blocks.empty()) drained.notify_all();
      work.wait(guard, [&] { return stopping || !blocks.empty(); });
      if (blocks.empty() && stopping) return;
      if (!blocks.empty()) {
        block = std::move(blocks.front());
        blocks.pop_front();
        writing = true;
      }
    }
    if (block.lines == 0) continue;
    if (fd >= 0) {
      follow_the_name();
      rotate_if_due();
    }
    write_block(block);
    const std::lock_guard guard(mutex);
    waiting -= block.text.size();
  }
}

void DecisionLog::Impl::tell_failure(const Error& why) {
  if (std::exchange(failing, true)) return;
  log::error("the decision log cannot be written; lines are dropped and counted", {{"why", why.text()}});
  if (on_trouble) on_trouble(why.text());
}

void DecisionLog::Impl::write_block(const Block& block) {
  if (fd < 0) {
    if (auto opened = open_file(); !opened) {
      dropped += block.lines;
      return tell_failure(opened.error());
    }
  }
  const off_t before = ::lseek(fd, 0, SEEK_END);
  std::string_view left = block.text;
  while (!left.empty()) {
    const auto put = ::write(fd, left.data(), left.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      const int error = errno;
      // A torn line would spoil the next one: what was put of this block is taken back.
      if (before >= 0 && left.size() < block.text.size()) [[maybe_unused]]
        const int cut = ::ftruncate(fd, before);
      dropped += block.lines;
      return tell_failure(fail_errno("cannot write " + file.string(), error).error());
    }
    left.remove_prefix(std::size_t(put));
  }
  if (!std::exchange(failing, false)) return;
  log::info("the decision log writes again", {});
  if (on_trouble) on_trouble({});
}

// Another program has renamed or removed the file: what is written goes on under the name that everybody reads.
void DecisionLog::Impl::follow_the_name() {
  struct stat named{}, open{};
  const bool same = ::stat(file.c_str(), &named) == 0 && ::fstat(fd, &open) == 0 && named.st_ino == open.st_ino &&
                    named.st_dev == open.st_dev;
  if (same) {
    nameless = false;
    return;
  }
  const auto opened = open_file();
  if (!std::exchange(nameless, !opened) && !opened) log::error("decision log", {{"why", opened.error().text()}});
}

void DecisionLog::Impl::rotate_if_due() {
  const std::string today = day_text(now());
  if (today == day) return;
  std::error_code error;
  const auto target = rotated_name(day);
  if (!std::filesystem::exists(target, error)) std::filesystem::rename(file, target, error);
  if (auto opened = open_file(); !opened) {
    log::error("decision log", {{"why", opened.error().text()}});
  }
  day = today;  // tried once a day, also when it failed
  remove_old();
}

// When a file was last written. The file system's mark was made by a clock that may have been wrong: one of the future,
// or one so old that the file would go at once, says nothing.
TimePoint DecisionLog::Impl::written(TimePoint last) const {
  const TimePoint present = now();
  return last > present || last < present - retention ? present : last;
}

// "decisions-2026-11-22.jsonl", also packed (".gz", ".xz", ".zst" ...): by its day. What another rotation has made of
// the file ("decisions.jsonl.1", "decisions.jsonl-20261122.gz"): by its last change.
bool DecisionLog::Impl::is_older_than(const std::filesystem::directory_entry& entry, TimePoint oldest) const {
  const std::string name = entry.path().filename().string(), live = file.filename().string();
  const std::string start = file.stem().string() + "-", end = file.extension().string();
  if (name.starts_with(start) && name.size() >= start.size() + 10 + end.size()) {
    const std::string of_day = name.substr(start.size(), 10), rest = name.substr(start.size() + 10);
    if (from_rfc3339(of_day) && (rest == end || rest.starts_with(end + "."))) return of_day < day_text(oldest);
  }
  if (!name.starts_with(live + ".") && !name.starts_with(live + "-")) return false;
  struct stat about{};
  return ::lstat(entry.path().c_str(), &about) == 0 && S_ISREG(about.st_mode) &&
         TimePoint(std::chrono::seconds(about.st_mtime)) < oldest;
}

void DecisionLog::Impl::remove_old() {
  const ClockStanding standing = clock();
  if (!standing.is_believed()) return;
  const TimePoint oldest = standing.likely - retention;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(file.parent_path().empty() ? "." : file.parent_path(), error)) {
    if (!is_older_than(entry, oldest)) continue;
    std::error_code ignored;
    std::filesystem::remove(entry.path(), ignored);
  }
}

void DecisionBuffer::append(const Decision& decision) {
  if (log_ == nullptr) return;
  if (lines_.capacity() < kBlockSize) lines_.reserve(kBlockSize + 8192);
  append_decision_line(lines_, decision, time_text_);
  ++count_;
  if (lines_.size() >= kBlockSize) flush();
}

void DecisionBuffer::flush() {
  if (count_ == 0) return;
  log_->submit(std::exchange(lines_, {}), std::exchange(count_, 0));
}

}  // namespace schoolgate::breaches
