#include "blocklists/sealed_list.h"

#include <gmock/gmock.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "base/file.h"
#include "blocklists/sealed_file.h"
#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

CompileOptions with_key(std::uint8_t byte) {
  CompileOptions options;
  options.sealed_key.emplace();
  options.sealed_key->fill(byte);
  (*options.sealed_key)[20] = 1;
  return options;
}

const std::string kText = "worst-place.example\nforum.test/hidden/Corner\nvideo.test/watch?v=77\n198.51.100.9\n";

TEST(SipHash, AgreesWithTheReferenceVectors) {
  // Key 00 01 … 0f, message 00 01 … (n-1): the first outputs of the authors' 128-bit vectors.
  const SipHash::Key key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  const auto hash = [&](std::size_t size) {
    SipHash sip(key);
    std::string message;
    for (std::size_t i = 0; i < size; ++i) message += char(i);
    sip.update(message);
    return sip.finish();
  };
  EXPECT_EQ(hash(0), (SipHash::Tag{0xe6a825ba047f81a3, 0x930255c71472f66d}));
  EXPECT_EQ(hash(1), (SipHash::Tag{0x44af996bd8c187da, 0x45fc229b11597634}));
}

TEST(SealedList, MatchesWithoutSayingWhat) {
  const CompiledLists lists({{"iwf", Format::urls, kText, true}}, with_key(7));
  EXPECT_TRUE(lists.db->lists()[0].sealed);
  EXPECT_THAT(lists.matches("http://worst-place.example/x"), ElementsAre("iwf:"));
  EXPECT_THAT(lists.matches("http://www.worst-place.example/"), ElementsAre("iwf:"));
  EXPECT_THAT(lists.matches("https://forum.test/hidden/Corner/2?page=3"), ElementsAre("iwf:"));
  EXPECT_THAT(lists.matches("https://www.forum.test/hidden/Corner"), ElementsAre("iwf:"));
  EXPECT_THAT(lists.matches("https://forum.test/hidden/corner"), IsEmpty());
  EXPECT_THAT(lists.matches("https://forum.test/hidden"), IsEmpty());
  EXPECT_THAT(lists.matches("https://video.test/watch?v=77"), ElementsAre("iwf:"));
  EXPECT_THAT(lists.matches("https://video.test/watch?v=7"), IsEmpty());
  EXPECT_THAT(lists.matches("http://198.51.100.9/"), ElementsAre("iwf:"));
  EXPECT_THAT(lists.matches_of_name("forum.test"), IsEmpty());
  EXPECT_TRUE(lists.db->has_url_entries("www.forum.test"));
  EXPECT_FALSE(lists.db->has_url_entries("worst-place.example"));
}

TEST(SealedList, MatchesPathsOfAnyShape) {
  const CompiledLists lists({{"iwf", Format::urls, kText, true}}, with_key(7));
  EXPECT_THAT(lists.matches("https://forum.test/hidden/Corner/"), ElementsAre("iwf:"));
  EXPECT_THAT(lists.matches("https://forum.test/"), IsEmpty());
  EXPECT_THAT(lists.matches("https://video.test/?v=77"), IsEmpty());
  std::string deep;
  for (int i = 0; i < 400; ++i) deep += "/" + std::to_string(i);
  EXPECT_THAT(lists.matches("https://forum.test/hidden/Corner" + deep), ElementsAre("iwf:"));
  EXPECT_THAT(lists.matches("https://forum.test" + deep + "/hidden/Corner"), IsEmpty());
}

TEST(SealedList, SaysWhereMoreThanTheNameIsNeededOfAddressesToo) {
  const CompiledLists lists({{"iwf", Format::urls, "198.51.100.9/hidden\n[2001:db8::1]/x\n", true}}, with_key(7));
  EXPECT_TRUE(lists.db->has_url_entries("198.51.100.9"));
  EXPECT_TRUE(lists.db->has_url_entries("[2001:db8::1]"));
  EXPECT_FALSE(lists.db->has_url_entries("198.51.100.10"));
  EXPECT_FALSE(lists.db->has_url_entries("100.9"));
}

TEST(SealedList, NoTextOfItIsInTheImageOrTheReport) {
  const CompiledLists lists(
      {{"iwf", Format::urls, kText + "not a url at all worst-place\nworst-place.example/..%2f/\n", true}}, with_key(7));
  const std::string image = *read_file(lists.image());
  for (const std::string_view piece : {"worst", "place", "forum", "hidden", "Corner", "video", "198.51"})
    EXPECT_THAT(image, Not(HasSubstr(std::string(piece)))) << piece;
  ASSERT_THAT(lists.report.lists[0].notes, Not(IsEmpty()));
  for (const LineNote& note : lists.report.lists[0].notes) {
    EXPECT_EQ(note.text, "");
    EXPECT_THAT(note.reason, Not(HasSubstr("worst")));
  }
}

TEST(SealedList, AnotherKeyGivesUnrelatedTagsAndIsRefused) {
  const CompiledLists one({{"iwf", Format::urls, kText, true}}, with_key(7));
  const auto wrong = CategoryDb::open(one.image(), with_key(8).sealed_key);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().what, HasSubstr("another key"));
  const auto none = CategoryDb::open(one.image());
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().what, HasSubstr("not given"));
  const std::string bytes = *read_file(one.image());
  std::vector<std::max_align_t> room((bytes.size() + 128) / sizeof(std::max_align_t) + 1);
  void* at = room.data();
  std::size_t space = room.size() * sizeof(std::max_align_t);
  ASSERT_NE(std::align(64, bytes.size(), at, space), nullptr);
  std::memcpy(at, bytes.data(), bytes.size());
  EXPECT_FALSE(CategoryDb::over({static_cast<const char*>(at), bytes.size()}));
}

TEST(SealedList, CannotBeCompiledWithoutAKey) {
  const TemporaryFolder folder;
  ListSource source{.name = "iwf",
                    .category = "child-abuse",
                    .format = Format::urls,
                    .path = folder.write("l", kText),
                    .sealed = true};
  const auto compiled = compile(std::span(&source, 1), folder.path() / "image");
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().fault, Fault::config);
}

TEST(SealedFile, HoldsTagsAndCountsInsteadOfTheText) {
  const TemporaryFolder folder;
  const SealedKey key = *with_key(7).sealed_key;
  ListSource source{.name = "iwf",
                    .category = "x",
                    .format = Format::urls,
                    .path = folder.write("l", kText + "no url\n"),
                    .sealed = true};
  EXPECT_FALSE(is_sealed_file(source.path));
  ASSERT_TRUE(seal_in_place(source, key));
  EXPECT_TRUE(is_sealed_file(source.path));
  const std::string bytes = *read_file(source.path);
  for (const std::string_view piece : {"worst", "forum", "video", "198.51", "no url"})
    EXPECT_EQ(bytes.find(piece), std::string::npos) << piece;
  const auto content = read_sealed_file(source.path, Sealer(key));
  ASSERT_TRUE(content) << content.error().text();
  EXPECT_EQ(content->report.hosts, 2u);
  EXPECT_EQ(content->report.urls, 2u);
  EXPECT_EQ(content->report.rejected, 1u);
  EXPECT_EQ(content->urls.size(), 2u);
}

TEST(SealedFile, DamageOrAnotherKeyIsRefused) {
  const TemporaryFolder folder;
  const SealedKey key = *with_key(7).sealed_key;
  ListSource source{
      .name = "iwf", .category = "x", .format = Format::urls, .path = folder.write("l", kText), .sealed = true};
  ASSERT_TRUE(seal_in_place(source, key));
  EXPECT_FALSE(read_sealed_file(source.path, Sealer(*with_key(8).sealed_key)));
  const std::string good = *read_file(source.path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = char(bad[at] ^ 4);
    ASSERT_FALSE(read_sealed_file(folder.write("bad", bad), Sealer(key))) << at;
    ASSERT_FALSE(read_sealed_file(folder.write("cut", good.substr(0, at)), Sealer(key))) << at;
  }
}

TEST(SealedFile, ASourceThatCannotBeReadStaysAsItIs) {
  const TemporaryFolder folder;
  ListSource source{.name = "iwf", .category = "x", .format = Format::urls, .sealed = true};
  source.path = folder.write("l", std::string_view("\x1f\x8b\x08\0\0", 5));
  EXPECT_FALSE(seal_in_place(source, *with_key(7).sealed_key));
  EXPECT_FALSE(is_sealed_file(source.path));
}

TEST(SealedList, StandsBesideOpenLists) {
  const CompiledLists lists(
      {{"iwf", Format::urls, kText, true}, {"games", Format::domains, "worst-place.example\nplay.test\n"}},
      with_key(7));
  EXPECT_THAT(lists.matches("http://worst-place.example/"),
              testing::UnorderedElementsAre("iwf:", "games:worst-place.example"));
  EXPECT_THAT(lists.matches("http://play.test/"), ElementsAre("games:play.test"));
}

TEST(SealedList, PatternsAndNetworksAreSkipped) {
  const CompiledLists lists({{"iwf", Format::domains, "a.example\n192.0.2.0/24\n", true}}, with_key(7));
  EXPECT_EQ(lists.report.lists[0].hosts, 1u);
  EXPECT_EQ(lists.report.lists[0].skipped, 1u);
}

}  // namespace
}  // namespace schoolgate::blocklists
