#include "backup/archive.h"

#include <gtest/gtest.h>

#include <map>

namespace schoolgate::backup {
namespace {

Source source_of(std::string bytes) {
  return [bytes = std::move(bytes), at = std::size_t{0}](std::span<char> room) mutable -> Result<std::size_t> {
    const std::size_t size = std::min(room.size(), bytes.size() - at);
    bytes.copy(room.data(), size, at);
    at += size;
    return size;
  };
}

using Files = std::map<std::string, std::string>;

std::string archive_of(const Files& files) {
  std::string out;
  ArchiveWriter writer([&](std::string_view bytes) -> Result<void> {
    out += bytes;
    return {};
  });
  for (const auto& [name, text] : files) {
    EXPECT_TRUE(writer.begin({.name = name, .size = text.size(), .mode = 0640, .modified = 1'700'000'000}));
    EXPECT_TRUE(writer.write(text));
  }
  EXPECT_TRUE(writer.finish());
  return out;
}

Result<Files> files_in(std::string archive) {
  ArchiveReader reader(source_of(std::move(archive)));
  Files files;
  while (true) {
    const auto entry = reader.next();
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) return files;
    std::string& text = files[(*entry)->name];
    char room[100];
    while (true) {
      const auto got = reader.read(room);
      if (!got) return std::unexpected(got.error());
      if (*got == 0) break;
      text.append(room, *got);
    }
  }
}

const Files kFiles{{"about", "of whom\n"},
                   {"config/schoolgate.yaml", std::string(513, 'y')},
                   {"state/empty", ""},
                   {"state/lists/sources/" + std::string(200, 'n'), std::string(512, 'x')}};

TEST(Archive, GivesBackWhatItWasGiven) { EXPECT_EQ(files_in(archive_of(kFiles)).value(), kFiles); }

TEST(Archive, KeepsModeAndTimeAndNamesOfEveryLength) {
  for (const std::size_t length : {1u, 99u, 100u, 101u, 255u, 900u, 1000u, 1024u}) {
    const std::string name(length, 'a');
    ArchiveReader reader(source_of(archive_of({{name, "x"}})));
    const auto entry = reader.next();
    ASSERT_TRUE(entry && *entry) << length;
    EXPECT_EQ(**entry, (Entry{.name = name, .size = 1, .mode = 0640, .modified = 1'700'000'000}));
  }
}

TEST(Archive, WritesSizesBeyondEightGigabytes) {
  const std::uint64_t size = (std::uint64_t{1} << 33) + 5;
  std::string out;
  ArchiveWriter writer([&](std::string_view bytes) -> Result<void> {
    out += bytes;
    return {};
  });
  ASSERT_TRUE(writer.begin({.name = "state/breaches.db", .size = size}));
  ArchiveReader reader(source_of(out));
  EXPECT_EQ(reader.next().value()->size, size);
}

TEST(Archive, RefusesEveryFlippedBit) {
  const std::string good = archive_of(kFiles);
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] = char(bad[i / 8] ^ (1 << i % 8));
    const auto read = files_in(bad);
    if (!read) continue;
    ASSERT_NE(*read, kFiles) << "bit " << i;  // of content or the end of a long name: the manifest finds it
  }
}

TEST(Archive, RefusesEveryLengthButItsOwn) {
  const std::string good = archive_of(kFiles);
  for (std::size_t length = 0; length < good.size(); ++length) ASSERT_FALSE(files_in(good.substr(0, length))) << length;
  EXPECT_FALSE(files_in(good + '\0'));
  EXPECT_FALSE(files_in(good + good));
}

TEST(Archive, NamesThatLeadElsewhereAreNeitherWrittenNorRead) {
  for (const std::string name :
       {"", "/etc/passwd", "../x", "a/../b", "a/..", "a//b", "a/", "./a", "a/./b", ".", "..", "a\nb", "a\x7f"}) {
    EXPECT_FALSE(is_safe_name(name)) << name;
    ArchiveWriter writer([](std::string_view) -> Result<void> { return {}; });
    EXPECT_FALSE(writer.begin({.name = name}));
  }
  EXPECT_FALSE(is_safe_name(std::string("a\0b", 3)));
  EXPECT_FALSE(is_safe_name(std::string(1025, 'a')));
  std::string deep = "a";
  for (int i = 0; i < 32; ++i) deep += "/a";
  EXPECT_FALSE(is_safe_name(deep));
  for (const std::string name : {"a", "..a", "a..", "config/.hidden", "config/Überblick.yaml", "a b"})
    EXPECT_TRUE(is_safe_name(name)) << name;
}

// A header as another program may write it, with a good checksum.
std::string foreign(std::string block, std::string_view content = {}) {
  std::fill_n(block.begin() + 148, 8, ' ');
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  std::snprintf(block.data() + 148, 8, "%06o", sum);
  block[155] = ' ';
  std::string out = block + std::string(content);
  out.resize((out.size() + 511) / 512 * 512);
  return out + std::string(1024, '\0');
}

TEST(Archive, LinksDevicesFoldersAndSparseFilesAreRefused) {
  const std::string plain = archive_of({{"state/x", ""}}).substr(0, 512);
  EXPECT_TRUE(files_in(foreign(plain)));
  for (const char kind : {'1', '2', '3', '4', '5', '6', '7', 'g', 'x', 'L', 'K', 'S', 'D', 'M', 'V', '\0'}) {
    std::string block = plain;
    block[156] = kind;
    EXPECT_FALSE(files_in(foreign(block))) << kind;
  }
  std::string link = plain;
  link.replace(157, 11, "/etc/passwd");
  EXPECT_FALSE(files_in(foreign(link)));
  std::string prefix = plain;
  prefix.replace(345, 2, "..");
  EXPECT_FALSE(files_in(foreign(prefix)));
  std::string suid = plain;
  suid.replace(100, 8, std::string("0004755\0", 8));
  EXPECT_FALSE(files_in(foreign(suid)));
}

TEST(Archive, AContentThatIsSaidToBeEndlessIsCutShort) {
  std::string block = archive_of({{"state/x", ""}}).substr(0, 512);
  block.replace(124, 12, std::string("\x80\0\0\0\0\0\x7f\xff\xff\xff\xff\xff", 12));
  EXPECT_FALSE(files_in(foreign(block, "little")));
}

TEST(Archive, WhatASinkCannotTakeIsItsError) {
  ArchiveWriter writer([](std::string_view) -> Result<void> { return fail(Fault::host, "the disk is full"); });
  EXPECT_EQ(writer.begin({.name = "a"}).error().what, "the disk is full");
}

}  // namespace
}  // namespace schoolgate::backup
