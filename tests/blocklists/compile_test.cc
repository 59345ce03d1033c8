#include "blocklists/compile.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <random>

#include "base/file.h"
#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string made_names(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "n" + std::to_string(random() % 100'000);
    if (random() % 3 == 0) text += ".sub" + std::to_string(random() % 50);
    text += ".example\n";
  }
  return text;
}

TEST(Compile, BadLinesAreCountedWithTheirNumbersAndReasons) {
  const CompiledLists lists({{"messy", Format::domains,
                              "\xEF\xBB\xBF# head\r\na.example\r\nA.EXAMPLE.\r\nwww.a.example\r\nnot a name\r\n..\r\n"
                              "http://b.example:8080/\r\n/path\r\n\r\nx..y\r\n"}});
  const ListReport& report = lists.report.lists.at(0);
  EXPECT_EQ(report.lines, 10u);
  EXPECT_EQ(report.hosts, 2u);
  EXPECT_EQ(report.duplicates, 1u);
  EXPECT_EQ(report.redundant, 1u);
  EXPECT_EQ(report.rejected, 4u);
  EXPECT_EQ(report.accepted(), 4u);
  std::vector<std::uint64_t> numbers;
  for (const LineNote& note : report.notes) numbers.push_back(note.line);
  EXPECT_THAT(numbers, ElementsAre(5u, 6u, 8u, 10u));
  EXPECT_EQ(report.notes[0].reason, "more than one word");
  EXPECT_EQ(report.notes[0].text, "not a name");
  EXPECT_THAT(lists.matches("http://b.example/x"), ElementsAre("messy:b.example"));
}

TEST(Compile, TheSampleOfBadLinesIsBoundedTheCountIsNot) {
  std::string text = "a.example\n";
  for (int i = 0; i < 1000; ++i) text += "bad line\n";
  const CompiledLists lists({{"bad", Format::domains, text}});
  EXPECT_EQ(lists.report.lists[0].rejected, 1000u);
  EXPECT_EQ(lists.report.lists[0].notes.size(), ListReport::kNotes);
  EXPECT_THAT(lists.report.lists[0].reasons, testing::SizeIs(1));
}

TEST(Compile, NulsAndOverlongLinesAreRejectedAndTheRestIsRead) {
  std::string text = "a.example\n" + std::string("b\0.example\n", 11) + std::string(200'000, 'c') + "\nd.example\n";
  const CompiledLists lists({{"odd", Format::domains, text}});
  EXPECT_EQ(lists.report.lists[0].hosts, 2u);
  EXPECT_EQ(lists.report.lists[0].rejected, 2u);
}

TEST(Compile, InternationalNamesMeetInOneForm) {
  const CompiledLists lists({{"idn", Format::domains,
                              "b\xC3\xBC"
                              "cher.example\nxn--bcher-kva.example\n"}});
  EXPECT_EQ(lists.report.lists[0].hosts, 1u);
  EXPECT_EQ(lists.report.lists[0].duplicates, 1u);
  EXPECT_THAT(lists.matches("http://B\xC3\x9C"
                            "CHER.example/"),
              ElementsAre("idn:xn--bcher-kva.example"));
}

TEST(Compile, TheSameInputGivesTheSameBytes) {
  const std::string names = made_names(20'000, 3), urls = "a.example/b\na.example/c?d=1\n";
  const CompiledLists one({{"names", Format::domains, names}, {"urls", Format::urls, urls}});
  const CompiledLists two({{"names", Format::domains, names}, {"urls", Format::urls, urls}});
  // The folders differ, and a source's path is part of the image: compile the first folder's lists once more.
  std::vector<ListSource> sources(2);
  sources[0] = {.name = "names",
                .category = "x",
                .format = Format::domains,
                .path = one.folder().path() / "names",
                .origin = "o"};
  sources[1] = {
      .name = "urls", .category = "x", .format = Format::urls, .path = one.folder().path() / "urls", .origin = "o"};
  std::string bytes[3];
  for (int i = 0; i < 3; ++i) {
    CompileOptions options;
    if (i == 1) options.sort_memory = 10'000;  // sorted on disk, in many runs
    if (i == 2)
      for (auto& source : sources) source.path = two.folder().path() / source.name;
    ASSERT_TRUE(compile(sources, one.folder().path() / "again", options));
    bytes[i] = *read_file(one.folder().path() / "again");
  }
  EXPECT_TRUE(bytes[0] == bytes[1]);
  EXPECT_TRUE(bytes[0] == bytes[2]);
}

TEST(Compile, OtherInputGivesUnrelatedKeys) {
  const CompiledLists one({{"a", Format::domains, "a.example\n"}}),
      two({{"a", Format::domains, "a.example\nb.example\n"}});
  EXPECT_NE(one.db->checksum(), two.db->checksum());
  EXPECT_EQ(one.db->checksum(), one.report.checksum);
}

TEST(Compile, AFailureLeavesTheImageAsItWas) {
  const CompiledLists lists({{"a", Format::domains, "a.example\n"}});
  const std::string before = *read_file(lists.image());
  ListSource cut{.name = "cut", .category = "x"};
  cut.path = lists.folder().write("cut.gz", std::string_view("\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b", 11));
  const auto failed = compile(std::span(&cut, 1), lists.image());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().fault, Fault::upstream);
  EXPECT_THAT(failed.error().what, HasSubstr("cut.gz"));
  EXPECT_EQ(*read_file(lists.image()), before);
}

TEST(Compile, TheImageIsPrivate) {
  const CompiledLists lists({{"a", Format::domains, "a.example\n"}});
  struct stat about{};
  ASSERT_EQ(::stat(lists.image().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(lists.folder().path()))
    names.push_back(entry.path().filename());
  EXPECT_THAT(names, UnorderedElementsAre("a", "image"));
}

TEST(Compile, UrlsUnderAHostOfTheSameListAreCovered) {
  const CompiledLists lists(
      {{"mixed", Format::domains, "a.example\nwww.a.example/x\nb.example/c\nwww.b.example/c/d\nb.example/c?q\n"}});
  const ListReport& report = lists.report.lists[0];
  EXPECT_EQ(report.hosts, 1u);
  EXPECT_EQ(report.urls, 1u);
  EXPECT_EQ(report.redundant, 3u);
  EXPECT_THAT(lists.matches("http://www.b.example/c/d/e"), ElementsAre("mixed:b.example/c"));
}

TEST(Compile, NetworksTooWideToBeMeantAreRejected) {
  const CompiledLists lists({{"wide", Format::domains, "0.0.0.0/0\n10.0.0.0/4\n::/0\n192.0.2.0/24\n0.0.0.0\n"}});
  EXPECT_EQ(lists.report.lists[0].rejected, 4u);
  EXPECT_EQ(lists.report.lists[0].networks, 1u);
}

TEST(Compile, ASquidguardFolderIsOneList) {
  const TemporaryFolder folder;
  (void)folder.write("gambling/domains", "a.example\n");
  (void)folder.write("gambling/urls", "b.example/casino\n");
  (void)folder.write("gambling/expressions", "free[-_]?spins\n");
  (void)folder.write("gambling/usage", "black\n");
  ListSource source{
      .name = "g", .category = "gambling", .format = Format::squidguard, .path = folder.path() / "gambling"};
  const auto report = compile(std::span(&source, 1), folder.path() / "image");
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->lists[0].hosts, 1u);
  EXPECT_EQ(report->lists[0].urls, 1u);
  EXPECT_EQ(report->lists[0].patterns, 1u);
  EXPECT_EQ(report->lists[0].skipped, 1u);
}

TEST(Compile, AFolderWhereAFileWasPromisedIsRefused) {
  const TemporaryFolder folder;
  ListSource source{.name = "x", .category = "x", .format = Format::domains, .path = folder.path()};
  auto refused = compile(std::span(&source, 1), folder.path() / "image");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::config);
  EXPECT_THAT(refused.error().text(), HasSubstr("squidguard"));
  source.format = Format::squidguard;
  source.path = folder.write("file", "a.example\n");
  refused = compile(std::span(&source, 1), folder.path() / "image");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("is not a folder"));
}

TEST(Compile, AnE2guardianFolderIsReadAsItIs) {
  const TemporaryFolder folder;
  (void)folder.write(
      "lists/bannedsitelist",
      "# e2guardian\n#listcategory: \"x\"\na.example\n.Include</etc/e2guardian/lists/blacklists/ads/domains>\n"
      ".Include</etc/passwd>\n**\n*ip\n");
  (void)folder.write("lists/blacklists/ads/domains", "b.example\n");
  (void)folder.write("lists/bannedurllist", "c.example/d\n");
  (void)folder.write("lists/bannedregexpurllist", "(casino|bet)[0-9]+\n");
  (void)folder.write("lists/exceptionsitelist", "e.example\n");
  (void)folder.write("lists/bannedphraselist", "< f >\n");
  ListSource source{.name = "e2", .category = "x", .format = Format::e2guardian, .path = folder.path() / "lists"};
  const auto report = compile(std::span(&source, 1), folder.path() / "image");
  ASSERT_TRUE(report) << report.error().text();
  const ListReport& list = report->lists[0];
  EXPECT_EQ(list.hosts, 2u);
  EXPECT_EQ(list.urls, 1u);
  EXPECT_EQ(list.patterns, 1u);
  EXPECT_EQ(list.rejected, 1u);  // the include that leads out of the folder
  EXPECT_EQ(list.skipped, 4u);   // two blanket blocks, two files that are no lists to block
}

TEST(Compile, TellsProgress) {
  const TemporaryFolder folder;
  ListSource source{.name = "x", .category = "x", .path = folder.write("list", made_names(100'000, 5))};
  CompileOptions options;
  std::uint64_t told = 0, last = 0, total = 0;
  options.progress = [&](const Progress& progress) {
    ++told;
    EXPECT_GE(progress.bytes_done, last);
    last = progress.bytes_done;
    total = progress.bytes_total;
  };
  ASSERT_TRUE(compile(std::span(&source, 1), folder.path() / "image", options));
  EXPECT_GE(told, 2u);
  EXPECT_EQ(last, total);
}

TEST(Compile, PatternsThatRe2RefusesOrThatMatchEverythingAreRejected) {
  const CompiledLists lists({{"p", Format::expressions, "(?=look)\n(open\n.*\n\nfine[0-9]\n"}});
  EXPECT_EQ(lists.report.lists[0].patterns, 1u);
  EXPECT_EQ(lists.report.lists[0].rejected, 3u);
}

TEST(Compile, TooManyDifferentSetsOfListsStillTellEveryList) {
  // 17 lists give up to 131,071 sets, more than there are numbers.
  std::vector<NamedList> lists;
  for (int list = 0; list < 17; ++list) lists.push_back({"l" + std::to_string(list), Format::domains, {}, false});
  for (int name = 1; name < 1 << 17; ++name)
    for (int list = 0; list < 17; ++list)
      if (name >> list & 1) lists[std::size_t(list)].text += "n" + std::to_string(name) + ".example\n";
  const CompiledLists compiled(lists);
  for (int name = 1; name < 1 << 17; name += 997) {
    const auto found = compiled.matches("http://n" + std::to_string(name) + ".example/");
    EXPECT_EQ(found.size(), std::size_t(__builtin_popcount(unsigned(name)))) << name;
  }
  EXPECT_THAT(compiled.matches("http://n131072.example/"), IsEmpty());
}

}  // namespace
}  // namespace schoolgate::blocklists
