#include "backup/sealed_stream.h"

#include <gtest/gtest.h>

namespace schoolgate::backup {
namespace {

constexpr std::size_t kPiece = 64 << 10;
const Sha256 kKey = sha256("a key"), kOther = sha256("another key");

Source sealed_source(std::string bytes) {
  return [bytes = std::move(bytes), at = std::size_t{0}](std::span<char> room) mutable -> Result<std::size_t> {
    const std::size_t size = std::min({room.size(), bytes.size() - at, std::size_t{1000}});  // as a pipe would
    bytes.copy(room.data(), size, at);
    at += size;
    return size;
  };
}

std::string sealed(std::string_view text, std::size_t by = 777) {
  std::string out;
  SealedWriter writer(kKey, "header\n", [&](std::string_view bytes) -> Result<void> {
    out += bytes;
    return {};
  });
  for (; !text.empty(); text.remove_prefix(std::min(by, text.size()))) EXPECT_TRUE(writer.write(text.substr(0, by)));
  EXPECT_TRUE(writer.finish());
  return out;
}

Result<std::string> opened(std::string bytes, const Sha256& key = kKey, std::string_view header = "header\n") {
  SealedReader reader(key, header, sealed_source(std::move(bytes)));
  std::string out;
  char room[5000];
  while (true) {
    const auto got = reader.read(room);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) return out;
    out.append(room, *got);
  }
}

std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = char(i * 31 + i / 257);
  return text;
}

TEST(SealedStream, GivesBackEveryLength) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kPiece - 1, kPiece, kPiece + 1, 2 * kPiece, 3 * kPiece + 5})
    EXPECT_EQ(opened(sealed(text_of(size))).value(), text_of(size)) << size;
}

TEST(SealedStream, TheSameTextIsNeverSealedAlike) { EXPECT_NE(sealed("text"), sealed("text")); }

TEST(SealedStream, AnotherKeyOrHeaderOpensNothing) {
  const std::string box = sealed(text_of(100));
  EXPECT_EQ(opened(box, kOther).error().fault, Fault::client);
  EXPECT_FALSE(opened(box, kKey, "Header\n"));
}

TEST(SealedStream, FindsAnEndThatWasCutOffWherever) {
  const std::string box = sealed(text_of(3 * kPiece + 100));
  constexpr std::size_t kBox = kPiece + 28;
  for (std::size_t i = 0; i < 64; ++i) EXPECT_FALSE(opened(box.substr(0, box.size() * i / 64))) << i;
  for (std::size_t pieces = 0; pieces <= 3; ++pieces) EXPECT_FALSE(opened(box.substr(0, pieces * kBox))) << pieces;
  EXPECT_FALSE(opened(box + 'x'));
  const std::string even = sealed(text_of(2 * kPiece));
  EXPECT_FALSE(opened(even.substr(0, kBox)));
}

TEST(SealedStream, FindsAFlippedBitAndPiecesInAnotherOrder) {
  const std::string box = sealed(text_of(2 * kPiece + 100));
  constexpr std::size_t kBox = kPiece + 28;
  for (std::size_t at = 0; at < box.size(); at += 997) {
    std::string bad = box;
    bad[at] = char(bad[at] ^ 1);
    EXPECT_FALSE(opened(bad)) << at;
  }
  EXPECT_FALSE(opened(box.substr(kBox, kBox) + box.substr(0, kBox) + box.substr(2 * kBox)));
  EXPECT_FALSE(opened(box.substr(0, kBox) + box.substr(2 * kBox)));
  EXPECT_FALSE(opened(box.substr(0, kBox) + box));
}

TEST(SealedStream, ReadsTheHeaderThatItWritesAndNoOther) {
  const Derivation made = Derivation::make();
  EXPECT_EQ(made.salt.size(), 16u);
  EXPECT_NE(made.salt, Derivation::make().salt);
  const std::string header = sealed_header(made);
  const auto read = read_sealed_header(sealed_source(header + "the rest"));
  ASSERT_TRUE(read);
  EXPECT_EQ(sealed_header(*read), header);
  for (std::size_t size = 0; size < header.size(); ++size)
    EXPECT_FALSE(read_sealed_header(sealed_source(header.substr(0, size))));
  const std::string salt = " salt=" + std::string(32, '0') + '\n', first = "schoolgate sealed backup 1\n";
  EXPECT_TRUE(read_sealed_header(sealed_source(first + "argon2id m=65536 t=3 p=4" + salt)));
  for (const std::string costs :
       {"m=4194304 t=3 p=4", "m=65536 t=33 p=4", "m=65536 t=3 p=65", "m=65536 t=0 p=4", "m=16 t=3 p=4",
        "m=065536 t=3 p=4", "m=65536 t=3", "m=-1 t=3 p=4", "m=99999999999 t=3 p=4"})
    EXPECT_FALSE(read_sealed_header(sealed_source(first + "argon2id " + costs + salt))) << costs;
  EXPECT_TRUE(
      read_sealed_header(sealed_source("schoolgate sealed backup 2\nx\n")).error().what.contains("does not know"));
  EXPECT_FALSE(read_sealed_header(sealed_source(first + std::string(100000, 'a'))));
}

}  // namespace
}  // namespace schoolgate::backup
