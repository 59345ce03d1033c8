#include "backup/archive.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace schoolgate::backup {
namespace {

constexpr std::size_t kBlock = 512, kNameField = 100, kLongestName = 1024, kMostParts = 32;
constexpr std::uint64_t kMostOctal = (std::uint64_t{1} << 33) - 1;  // eleven digits
constexpr std::uint64_t kLargest = std::uint64_t{1} << 48;

struct Field {
  std::size_t at, size;
};
constexpr Field kMode{100, 8}, kUser{108, 8}, kGroup{116, 8}, kSize{124, 12}, kModified{136, 12}, kChecksum{148, 8},
    kKind{156, 1}, kMagic{257, 8};

std::unexpected<Error> damaged(const char* what) {
  return fail(Fault::host, std::string("the backup is damaged or none of this program's: ") + what,
              "take another copy of it");
}

void put_octal(std::string& block, Field field, std::uint64_t value) {
  for (std::size_t i = field.size - 1; i-- > 0; value >>= 3) block[field.at + i] = char('0' + (value & 7));
}

// More than eight gigabytes, as GNU tar, star and bsdtar write and read them: base 256.
void put_number(std::string& block, Field field, std::uint64_t value) {
  if (value <= kMostOctal) return put_octal(block, field, value);
  for (std::size_t i = field.size; i-- > 1; value >>= 8) block[field.at + i] = char(value & 0xFF);
  block[field.at] = char(0x80);
}

std::optional<std::uint64_t> number_in(std::string_view block, Field field) {
  std::uint64_t value = 0;
  if (static_cast<unsigned char>(block[field.at]) == 0x80) {
    for (std::size_t i = 1; i < field.size; ++i) {
      if (value > kLargest) return std::nullopt;
      value = value << 8 | static_cast<unsigned char>(block[field.at + i]);
    }
    return value;
  }
  for (std::size_t i = 0; i + 1 < field.size; ++i) {
    const char digit = block[field.at + i];
    if (digit < '0' || digit > '7') return std::nullopt;
    value = value << 3 | std::uint64_t(digit - '0');
  }
  return value;
}

std::string header(std::string_view name, char kind, std::uint64_t size, std::uint32_t mode, std::int64_t modified) {
  std::string block(kBlock, '\0');
  name.copy(block.data(), std::min(name.size(), kNameField));
  put_octal(block, kMode, mode);
  put_octal(block, kUser, 0);
  put_octal(block, kGroup, 0);
  put_number(block, kSize, size);
  put_octal(block, kModified, std::uint64_t(modified));
  block[kKind.at] = kind;
  std::memcpy(block.data() + kMagic.at,
              "ustar\0"
              "00",
              kMagic.size);
  std::ranges::fill_n(block.begin() + kChecksum.at, kChecksum.size, ' ');
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put_octal(block, {kChecksum.at, 7}, sum);
  block[kChecksum.at + 6] = '\0';
  return block;
}

// "25 path=state/lists/sources…\n": its own length is part of it.
std::string path_record(std::string_view name) {
  const std::string rest = " path=" + std::string(name) + '\n';
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return std::to_string(length) + rest;
}

std::size_t padding_of(std::uint64_t size) { return std::size_t((kBlock - size % kBlock) % kBlock); }

std::string headers(const Entry& entry) {
  std::string out;
  if (entry.name.size() > kNameField) {
    const std::string record = path_record(entry.name);
    out = header("pax", 'x', record.size(), 0600, 0) + record;
    out.append(padding_of(record.size()), '\0');
  }
  return out + header(entry.name, '0', entry.size, entry.mode, entry.modified);
}

}  // namespace

bool is_safe_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > kLongestName) return false;
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  std::size_t parts = 0;
  while (true) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || ++parts > kMostParts) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

Result<void> ArchiveWriter::begin(const Entry& entry) {
  if (auto ended = end_entry(); !ended) return ended;
  if (!is_safe_name(entry.name)) return fail(Fault::host, "a name that no backup can hold: " + entry.name);
  if (entry.size > kLargest || entry.modified < 0 || std::uint64_t(entry.modified) > kMostOctal || entry.mode > 0777)
    return fail(Fault::host, entry.name + " has a size, a mode or a time that no backup can hold");
  left_ = entry.size;
  padding_ = padding_of(entry.size);
  return sink_(headers(entry));
}

Result<void> ArchiveWriter::write(std::string_view bytes) {
  if (bytes.size() > left_) return fail(Fault::self, "more content than was announced");
  left_ -= bytes.size();
  return sink_(bytes);
}

Result<void> ArchiveWriter::end_entry() {
  if (left_ != 0) return fail(Fault::self, "less content than was announced");
  return sink_(std::string(std::exchange(padding_, 0), '\0'));
}

Result<void> ArchiveWriter::finish() {
  if (auto ended = end_entry(); !ended) return ended;
  return sink_(std::string(2 * kBlock, '\0'));
}

Result<std::string> ArchiveReader::block() {
  std::string bytes(kBlock, '\0');
  const auto got = read_fully(source_, bytes);
  if (!got) return std::unexpected(got.error());
  if (*got != kBlock) return damaged("it is cut short");
  return bytes;
}

Result<void> ArchiveReader::end_entry() {
  std::array<char, 64 << 10> room;
  while (left_ > 0)
    if (auto got = read(room); !got) return std::unexpected(got.error());
  const std::size_t padding = std::exchange(padding_, 0);
  const auto got = read_fully(source_, std::span(room).first(padding));
  if (!got) return std::unexpected(got.error());
  if (*got != padding) return damaged("it is cut short");
  if (std::any_of(room.begin(), room.begin() + std::ptrdiff_t(padding), [](char c) { return c != '\0'; }))
    return damaged("something stands between two files");
  return {};
}

Result<void> ArchiveReader::end_archive() {
  const auto last = block();
  if (!last) return std::unexpected(last.error());
  char more = 0;
  const auto got = source_({&more, 1});
  if (!got) return std::unexpected(got.error());
  if (*last != std::string(kBlock, '\0') || *got != 0) return damaged("something follows its end");
  return {};
}

Result<std::optional<Entry>> ArchiveReader::next() {
  if (auto ended = end_entry(); !ended) return std::unexpected(ended.error());
  auto first = block();
  if (!first) return std::unexpected(first.error());
  if (*first == std::string(kBlock, '\0')) {
    if (auto ended = end_archive(); !ended) return std::unexpected(ended.error());
    return std::nullopt;
  }
  Entry entry;
  std::string read = *first;
  if ((*first)[kKind.at] == 'x') {
    const auto size = number_in(*first, kSize);
    if (!size || *size > kLongestName + 16) return damaged("a header is too long");
    std::string record;
    while (record.size() < *size) {
      const auto more = block();
      if (!more) return std::unexpected(more.error());
      read += *more;
      record += *more;
    }
    record.resize(*size);
    const std::size_t equals = record.find('=');
    if (equals == std::string::npos || !record.ends_with('\n')) return damaged("a header is none");
    entry.name = record.substr(equals + 1, record.size() - equals - 2);
    auto last = block();
    if (!last) return std::unexpected(last.error());
    read += *last;
    first = std::move(last);
  } else {
    entry.name = first->substr(0, kNameField);
    entry.name.resize(std::min(entry.name.find('\0'), entry.name.size()));
  }
  const auto size = number_in(*first, kSize), mode = number_in(*first, kMode), modified = number_in(*first, kModified);
  if (!size || *size > kLargest || !mode || *mode > 0777 || !modified) return damaged("a header is none");
  entry.size = *size;
  entry.mode = std::uint32_t(*mode);
  entry.modified = std::int64_t(*modified);
  if (!is_safe_name(entry.name)) return damaged("the name of a file leads out of it");
  if (read != headers(entry)) return damaged("a header is not as this program writes it");
  left_ = entry.size;
  padding_ = padding_of(entry.size);
  return entry;
}

Result<std::size_t> ArchiveReader::read(std::span<char> room) {
  const std::size_t wanted = std::size_t(std::min<std::uint64_t>(room.size(), left_));
  if (wanted == 0) return 0;
  const auto got = source_(room.first(wanted));
  if (!got) return got;
  if (*got == 0) return damaged("it is cut short");
  left_ -= *got;
  return got;
}

}  // namespace schoolgate::backup
