#include "backup/sealed_stream.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/seal.h"

namespace schoolgate::backup {
namespace {

constexpr std::size_t kPiece = 64 << 10, kAround = 12 + 16, kSalt = 16, kLongestLine = 200;
constexpr std::string_view kFirstLine = "schoolgate sealed backup 1\n";

std::string about_piece(std::string_view about, std::uint64_t number, bool is_last) {
  return std::string(about) + std::to_string(number) + (is_last ? " last" : " more");
}

std::unexpected<Error> no_header() {
  return fail(Fault::host, "the backup is damaged: its first lines are not readable", "take another copy of it");
}

Result<std::string> line_of(const Source& source) {
  std::string line;
  for (char c = 0; c != '\n'; line += c) {
    const auto got = source({&c, 1});
    if (!got) return std::unexpected(got.error());
    if (*got == 0 || line.size() > kLongestLine) return no_header();
  }
  return line;
}

std::optional<std::uint32_t> number_after(std::string_view& line, std::string_view name) {
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc()) return std::nullopt;
  line.remove_prefix(std::size_t(end - line.data()));
  return value;
}

std::optional<std::string> bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    if (error != std::errc() || end != hex.data() + i + 2) return std::nullopt;
    bytes += char(value);
  }
  return bytes;
}

}  // namespace

Derivation Derivation::make() {
  Derivation made;
  made.salt.resize(kSalt);
  fill_random({reinterpret_cast<std::uint8_t*>(made.salt.data()), kSalt});
  return made;
}

std::string sealed_header(const Derivation& derivation) {
  return std::string(kFirstLine) + "argon2id m=" + std::to_string(derivation.kibibytes) +
         " t=" + std::to_string(derivation.passes) + " p=" + std::to_string(derivation.lanes) +
         " salt=" + to_hex({reinterpret_cast<const std::uint8_t*>(derivation.salt.data()), derivation.salt.size()}) +
         '\n';
}

Result<Derivation> read_sealed_header(const Source& source) {
  const auto first = line_of(source);
  if (!first) return std::unexpected(first.error());
  if (!first->starts_with(kSealedMark)) return no_header();
  if (*first != kFirstLine)
    return fail(Fault::host, "the backup has a form that this release does not know",
                "restore it with the release that made it");
  const auto second = line_of(source);
  if (!second) return std::unexpected(second.error());
  std::string_view line = *second;
  const auto kibibytes = number_after(line, "argon2id m=");
  const auto passes = kibibytes ? number_after(line, " t=") : std::nullopt;
  const auto lanes = passes ? number_after(line, " p=") : std::nullopt;
  constexpr std::string_view kSaltName = " salt=";
  if (!lanes || !line.starts_with(kSaltName) || line.size() != kSaltName.size() + 2 * kSalt + 1) return no_header();
  auto salt = bytes_of_hex(line.substr(kSaltName.size(), 2 * kSalt));
  if (!salt) return no_header();
  if (*kibibytes > 1u << 20 || *passes > 32 || *lanes > 64 || *passes == 0 || *lanes == 0 || *kibibytes < 8 * *lanes)
    return no_header();
  const Derivation derivation{*kibibytes, *passes, *lanes, std::move(*salt)};
  if (sealed_header(derivation) != *first + *second) return no_header();
  return derivation;
}

SealedWriter::SealedWriter(const Sha256& key, std::string_view header, Sink sink)
    : key_(key), about_(header), sink_(std::move(sink)) {}

Result<void> SealedWriter::put(bool is_last) {
  const std::string box = seal(key_, piece_, about_piece(about_, number_++, is_last));
  if (box.empty()) return fail(Fault::host, "cannot encrypt: libcrypto refuses");
  piece_.clear();
  return sink_(box);
}

// A full piece waits for a byte after it: only then is it not the last.
Result<void> SealedWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (piece_.size() == kPiece)
      if (auto written = put(false); !written) return written;
    const std::string_view part = bytes.substr(0, kPiece - piece_.size());
    piece_ += part;
    bytes.remove_prefix(part.size());
  }
  return {};
}

Result<void> SealedWriter::finish() { return put(true); }

SealedReader::SealedReader(const Sha256& key, std::string_view header, Source source)
    : key_(key), about_(header), source_(std::move(source)) {}

// `box_` holds one byte of what follows, if anything does: a piece is the last when nothing does.
Result<void> SealedReader::take() {
  constexpr std::size_t kBox = kPiece + kAround;
  const std::size_t had = box_.size();
  box_.resize(kBox + 1);
  const auto got = read_fully(source_, std::span(box_).subspan(had));
  if (!got) return std::unexpected(got.error());
  box_.resize(had + *got);
  is_over_ = box_.size() <= kBox;
  auto piece = open_sealed(key_, std::string_view(box_).substr(0, kBox), about_piece(about_, number_, is_over_));
  if (!piece && number_ == 0)
    return fail(Fault::client, "the passphrase is not the one of this backup, or the backup was changed");
  if (!piece) return fail(Fault::host, "the backup was changed or cut short", "take another copy of it");
  piece_ = std::move(*piece);
  given_ = 0;
  ++number_;
  box_.erase(0, kBox);
  return {};
}

Result<std::size_t> SealedReader::read(std::span<char> room) {
  if (given_ == piece_.size() && !is_over_)
    if (auto taken = take(); !taken) return std::unexpected(taken.error());
  const std::size_t size = std::min(room.size(), piece_.size() - given_);
  std::copy_n(piece_.data() + given_, size, room.data());
  given_ += size;
  return size;
}

}  // namespace schoolgate::backup
