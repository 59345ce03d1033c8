#include "blocklists/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "blocklists/archive.h"

namespace schoolgate::blocklists {
namespace {

constexpr std::size_t kChunk = 256u << 10;

// The packed side: a descriptor, a file of an archive or a piece of memory.
class Source {
 public:
  Source(int fd, std::uint64_t size, std::string name) : fd_(fd), size_(size), name_(std::move(name)) {}
  Source(ArchiveMember member, std::string name)
      : member_(std::move(member)), size_(member_->size()), name_(std::move(name)) {}
  explicit Source(std::string_view bytes) : memory_(bytes), size_(bytes.size()), name_("the list") {}
  ~Source() {
    if (fd_ >= 0) ::close(fd_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // Bytes read; 0 at the end, -1 with why().
  [[nodiscard]] ssize_t read(char* to, std::size_t room) {
    ssize_t got = 0;
    if (member_) {
      got = static_cast<ssize_t>(member_->read(to, room));
      consumed_ = member_->consumed();
      return got;
    }
    if (fd_ < 0) {
      got = static_cast<ssize_t>(memory_.copy(to, room, consumed_));
    } else {
      do got = ::read(fd_, to, room);
      while (got < 0 && errno == EINTR);
    }
    if (got > 0) consumed_ += static_cast<std::uint64_t>(got);
    return got;
  }
  [[nodiscard]] std::string why() const {
    return member_ ? member_->why() : std::string("cannot read: ") + std::strerror(errno);
  }
  [[nodiscard]] Fault fault() const noexcept { return member_ ? Fault::upstream : Fault::host; }
  [[nodiscard]] std::uint64_t consumed() const noexcept { return consumed_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  int fd_ = -1;
  std::optional<ArchiveMember> member_;
  std::string_view memory_;
  std::uint64_t size_ = 0, consumed_ = 0;
  std::string name_;
};

}  // namespace

struct LineReader::State {
  std::optional<Source> source;
  ReadLimits limits;
  std::vector<char> packed, buffer;
  std::size_t begin = 0, end = 0;  // unread part of buffer
  bool at_start = true, gzip = false, ended = false, member_open = false;
  z_stream z{};
  std::uint64_t unpacked = 0, lines = 0;
  std::optional<Error> failure;

  State() { buffer.resize(kChunk); }
  ~State() {
    if (gzip) ::inflateEnd(&z);
  }

  void stop(Fault fault, std::string what, std::string next = {}) {
    failure = Error{fault, source->name() + ": " + std::move(what), std::move(next)};
    ended = true;
  }

  // Reads more into buffer's free tail. False when there is no more.
  bool fill() {
    if (ended) return false;
    if (at_start) {
      at_start = false;
      packed.resize(kChunk);
      if (!refill_packed()) return false;
      if (z.avail_in >= 2 && packed[0] == '\x1f' && packed[1] == '\x8b') {
        if (::inflateInit2(&z, 15 + 16) != Z_OK) return stop(Fault::host, "no memory to unpack it"), false;
        gzip = member_open = true;
      }
    }
    return gzip ? fill_gzip() : fill_plain();
  }

  bool refill_packed() {
    const ssize_t got = source->read(packed.data(), packed.size());
    if (got < 0) return stop(source->fault(), source->why()), false;
    z.next_in = reinterpret_cast<Bytef*>(packed.data());
    z.avail_in = static_cast<uInt>(got);
    return true;
  }

  bool fill_plain() {
    if (z.avail_in == 0 && (!refill_packed() || z.avail_in == 0)) return ended = true, false;
    const std::size_t take = std::min<std::size_t>(z.avail_in, buffer.size() - end);
    std::memcpy(buffer.data() + end, z.next_in, take);
    z.next_in += take;
    z.avail_in -= static_cast<uInt>(take);
    return grew(take);
  }

  bool fill_gzip() {
    for (;;) {
      if (z.avail_in == 0) {
        if (!refill_packed()) return false;
        if (z.avail_in == 0) {
          ended = true;
          if (member_open) stop(Fault::upstream, "gzip data ends too early", "fetch it again");
          return false;
        }
      }
      if (!member_open) {  // another member follows, as gzip allows; trailing zeros are padding
        if (*z.next_in == 0) {
          ++z.next_in, --z.avail_in;
          continue;
        }
        if (::inflateReset(&z) != Z_OK) return stop(Fault::self, "cannot unpack a second gzip member"), false;
        member_open = true;
      }
      z.next_out = reinterpret_cast<Bytef*>(buffer.data() + end);
      z.avail_out = static_cast<uInt>(buffer.size() - end);
      const uInt room = z.avail_out;
      const int result = ::inflate(&z, Z_NO_FLUSH);
      const std::size_t made = room - z.avail_out;
      if (result == Z_STREAM_END)
        member_open = false;
      else if (result != Z_OK && result != Z_BUF_ERROR)
        return stop(Fault::upstream, "gzip data is damaged", "fetch it again"), false;
      if (made != 0) return grew(made);
    }
  }

  bool grew(std::size_t bytes) {
    end += bytes;
    unpacked += bytes;
    if (unpacked > limits.unpacked)
      return stop(Fault::upstream, "unpacks to more than " + std::to_string(limits.unpacked) + " bytes"), false;
    if (gzip && unpacked > (16u << 20) && unpacked / limits.ratio > source->consumed())
      return stop(Fault::upstream, "unpacks to more than " + std::to_string(limits.ratio) + " times its size",
                  "a gzip bomb is refused; use the plain file if it is genuine"),
             false;
    return true;
  }
};

LineReader::LineReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineReader::~LineReader() = default;
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;

Result<LineReader> LineReader::open(const std::filesystem::path& path, const ReadLimits& limits) {
  // O_NONBLOCK: opening a pipe without a writer must not hang.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail(Fault::config, "cannot open the list " + path.string() + ": " + std::strerror(errno));
  struct stat about{};
  if (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
    ::close(fd);
    return fail(Fault::config, path.string() + (S_ISDIR(about.st_mode) ? " is a folder" : " is not a regular file"),
                "a list of this format is one file");
  }
  auto state = std::make_unique<State>();
  state->source.emplace(fd, static_cast<std::uint64_t>(about.st_size), path.string());
  state->limits = limits;
  return LineReader(std::move(state));
}

Result<LineReader> LineReader::open_member(const std::filesystem::path& archive, std::string_view member,
                                           const ReadLimits& limits) {
  auto opened = ArchiveMember::open(archive, member, limits);
  if (!opened) return std::unexpected(std::move(opened.error()));
  auto state = std::make_unique<State>();
  state->source.emplace(std::move(*opened), archive.string() + ": " + std::string(member));
  state->limits = limits;
  return LineReader(std::move(state));
}

LineReader LineReader::over(std::string_view bytes, const ReadLimits& limits) {
  auto state = std::make_unique<State>();
  state->source.emplace(bytes);
  state->limits = limits;
  return LineReader(std::move(state));
}

std::string_view LineReader::peek(std::size_t most) {
  State& s = *state_;
  while (s.end - s.begin < most && s.end < s.buffer.size() && s.fill()) {
  }
  return {s.buffer.data() + s.begin, std::min(most, s.end - s.begin)};
}

bool LineReader::next(Line& line) {
  State& s = *state_;
  std::size_t searched = 0;
  bool overflow = false;
  for (;;) {
    const char* start = s.buffer.data() + s.begin;
    const std::size_t have = s.end - s.begin;
    const auto* newline = static_cast<const char*>(std::memchr(start + searched, '\n', have - searched));
    if (newline != nullptr || (s.ended && have != 0)) {
      std::size_t size = newline != nullptr ? static_cast<std::size_t>(newline - start) : have;
      s.begin += newline != nullptr ? size + 1 : size;
      if (size != 0 && start[size - 1] == '\r') --size;
      line.number = ++s.lines;
      line.too_long = overflow || size > s.limits.line;
      line.text = {start, std::min(size, s.limits.line)};
      if (line.number == 1 && line.text.starts_with("\xEF\xBB\xBF")) line.text.remove_prefix(3);
      return true;
    }
    if (s.ended) return false;
    searched = have;
    if (s.begin != 0) {
      std::memmove(s.buffer.data(), start, have);
      s.begin = 0;
      s.end = have;
    }
    if (s.end == s.buffer.size()) {  // one line fills the buffer: keep its beginning, drop what follows
      overflow = true;
      s.end = std::min(s.limits.line, s.buffer.size() / 2);
      searched = s.end;
    }
    if (!s.fill() && s.failure) return false;
  }
}

const Error* LineReader::failure() const noexcept { return state_->failure ? &*state_->failure : nullptr; }
std::uint64_t LineReader::consumed() const noexcept { return state_->source->consumed(); }
std::uint64_t LineReader::size() const noexcept { return state_->source->size(); }

}  // namespace schoolgate::blocklists
