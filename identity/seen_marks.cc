#include "identity/seen_marks.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"

namespace schoolgate::identity {
namespace {

constexpr std::size_t kMark = 16;  // of a SHA-256: nobody finds two that agree in so much

}  // namespace

SeenMarks::~SeenMarks() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> SeenMarks::keep_in(const std::filesystem::path& file) {
  file_ = file;
  std::error_code error;
  if (std::filesystem::exists(file, error)) {
    const auto text = read_file(file);
    if (!text) return std::unexpected(text.error());
    // A mark that was cut off by a power cut is at the end: whole ones are counted from the beginning.
    const std::size_t whole = text->size() / kMark;
    for (std::size_t i = whole > most_ ? whole - most_ : 0; i < whole; ++i) {
      std::string mark = text->substr(i * kMark, kMark);
      if (seen_.insert(mark).second) remember(std::move(mark));
    }
  }
  return write_anew();
}

Result<void> SeenMarks::write_anew() {
  std::string text;
  text.reserve(order_.size() * kMark);
  for (const std::string& mark : order_) text += mark;
  if (auto written = replace_file(file_, text); !written) return written;
  if (fd_ >= 0) ::close(fd_);
  fd_ = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
  if (fd_ < 0) return fail_errno("cannot open " + file_.string(), errno);
  in_file_ = order_.size();
  return {};
}

void SeenMarks::remember(std::string mark) {
  order_.push_back(std::move(mark));
  if (order_.size() <= most_) return;
  seen_.erase(order_.front());
  order_.pop_front();
}

bool SeenMarks::note(std::string_view told) {
  const Sha256 digest = sha256(told);
  std::string mark(reinterpret_cast<const char*>(digest.data()), kMark);
  if (!seen_.insert(mark).second) return false;
  remember(mark);
  if (fd_ < 0) return true;
  // What the disk does not take is remembered all the same, as long as this process lives.
  if (::write(fd_, mark.data(), mark.size()) == ssize_t(mark.size())) ++in_file_;
  if (in_file_ > 2 * most_)
    if (auto written = write_anew(); !written)
      log::warning("what was told is not kept", {{"why", written.error().text()}});
  return true;
}

}  // namespace schoolgate::identity
