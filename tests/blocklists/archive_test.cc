// Lists in archives: what is taken of them, what is refused by name, and what an archive must not be able to do.
#include "blocklists/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include "blocklists/list_files.h"
#include "blocklists/sanity.h"
#include "blocklists/sealed_file.h"
#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Files = std::vector<std::pair<std::string, std::string>>;

enum class Kind { tar, tar_gz, zip };

// An archive in `folder`; a name that ends in '@' becomes a symbolic link to its content.
std::filesystem::path archive_of(const TemporaryFolder& folder, Kind kind, const Files& files) {
  const auto path = folder.path() / "list.archive";
  ::archive* out = ::archive_write_new();
  kind == Kind::zip ? ::archive_write_set_format_zip(out) : ::archive_write_set_format_ustar(out);
  if (kind == Kind::tar_gz) ::archive_write_add_filter_gzip(out);
  EXPECT_EQ(::archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
  for (const auto& [name, text] : files) {
    ::archive_entry* entry = ::archive_entry_new();
    const bool link = name.ends_with('@');
    ::archive_entry_set_pathname(entry, name.c_str());
    ::archive_entry_set_filetype(entry, link ? AE_IFLNK : AE_IFREG);
    if (link) ::archive_entry_set_symlink(entry, text.c_str());
    ::archive_entry_set_perm(entry, 0644);
    ::archive_entry_set_size(entry, link ? 0 : ::la_int64_t(text.size()));
    EXPECT_EQ(::archive_write_header(out, entry), ARCHIVE_OK) << name;
    if (!link) EXPECT_EQ(::archive_write_data(out, text.data(), text.size()), ::la_ssize_t(text.size()));
    ::archive_entry_free(entry);
  }
  ::archive_write_close(out);
  ::archive_write_free(out);
  return path;
}

const Files kUt1 = {{"./gambling/domains", "a.example\nb.example\n"},
                    {"./gambling/urls", "c.example/x\n"},
                    {"./gambling/usage", "black\n"}};

struct Compiled {
  CompileReport report;
  std::shared_ptr<const CategoryDb> db;
};
Compiled compiled(const TemporaryFolder& folder, ListSource source) {
  source.name = "one";
  source.category = "gambling";
  CompileOptions options;
  options.sealed_key = SealedKey{1};
  auto report = compile({&source, 1}, folder.path() / "image", options);
  EXPECT_TRUE(report) << report.error().text();
  auto db = CategoryDb::open(folder.path() / "image", options.sealed_key);
  if (!report || !db) return {{}, CategoryDb::empty()};
  return {std::move(*report), *db};
}

std::string why_refused(ListSource source) {
  source.name = "one";
  const auto refusal = check_bytes(source);
  return refusal ? refusal->explanation : std::string();
}

TEST(Archive, AFolderFormatTakesTheOnlyFolderAndSaysSo) {
  const TemporaryFolder folder;
  for (const Kind kind : {Kind::tar, Kind::tar_gz, Kind::zip}) {
    const auto path = archive_of(folder, kind, kUt1);
    EXPECT_TRUE(is_archive(path));
    const auto done = compiled(folder, {.format = Format::squidguard, .path = path});
    ASSERT_EQ(done.report.lists.size(), 1u);
    EXPECT_EQ(done.report.lists[0].hosts, 2u);
    EXPECT_EQ(done.report.lists[0].urls, 1u);
    EXPECT_EQ(done.report.lists[0].taken, "gambling/domains, gambling/urls");
    EXPECT_EQ(done.report.lists[0].skipped, 1u) << "usage is left out, and counted";
  }
}

TEST(Archive, AMemberNamesTheFileOrTheFolder) {
  const TemporaryFolder folder;
  Files files = kUt1;
  files.emplace_back("adult/domains", "z.example\n");
  const auto path = archive_of(folder, Kind::tar_gz, files);
  EXPECT_EQ(
      compiled(folder, {.format = Format::domains, .path = path, .member = "gambling/domains"}).report.lists[0].hosts,
      2u);
  EXPECT_EQ(compiled(folder, {.format = Format::squidguard, .path = path, .member = "./adult/"}).report.lists[0].hosts,
            1u);
  EXPECT_THAT(why_refused({.format = Format::squidguard, .path = path}),
              AllOf(HasSubstr("several folders"), HasSubstr("adult, gambling")));
}

TEST(Archive, WhatIsNotClearIsRefusedWithWhatThereIs) {
  const TemporaryFolder folder;
  const auto path = archive_of(folder, Kind::tar_gz, kUt1);
  EXPECT_THAT(why_refused({.format = Format::domains, .path = path}),
              AllOf(HasSubstr("is an archive"), HasSubstr("member: NAME"), HasSubstr("gambling/domains")));
  EXPECT_THAT(why_refused({.format = Format::domains, .path = path, .member = "gambling"}), HasSubstr("is a folder"));
  EXPECT_THAT(why_refused({.format = Format::domains, .path = path, .member = "adult/domains"}), HasSubstr("holds no"));
  EXPECT_THAT(why_refused({.format = Format::e2guardian, .path = path, .member = "adult"}), HasSubstr("holds none"));
  const auto plain = folder.write("plain", "a.example\n");
  EXPECT_THAT(why_refused({.format = Format::domains, .path = plain, .member = "x"}), HasSubstr("is no archive"));
  EXPECT_EQ(why_refused({.format = Format::domains, .path = plain}), "");
}

TEST(Archive, AMemberIsLookedAtAsAFileWouldBe) {
  const TemporaryFolder folder;
  const auto path =
      archive_of(folder, Kind::zip, {{"page", "<html><title>Sign in</title>\n"}, {"json", "{\"a\": 1}\n"}});
  EXPECT_THAT(why_refused({.format = Format::domains, .path = path, .member = "page"}), HasSubstr("web page"));
  EXPECT_THAT(why_refused({.format = Format::domains, .path = path, .member = "json"}), HasSubstr("JSON"));
}

TEST(Archive, NamesOfItLeadNowhere) {
  const TemporaryFolder folder;
  const auto path = archive_of(folder, Kind::tar,
                               {{"../../etc/domains", "a.example\n"},
                                {"/abs/domains", "b.example\n"},
                                {"link/domains@", "/etc/passwd"},
                                {"ok/domains", "c.example\n"}});
  const auto names = ArchiveMember::names(path);
  ASSERT_TRUE(names);
  EXPECT_THAT(*names, testing::Not(testing::Contains(HasSubstr("link")))) << "a link is no file";
  const auto before = std::distance(std::filesystem::directory_iterator(folder.path()), {});
  EXPECT_EQ(compiled(folder, {.format = Format::domains, .path = path, .member = "ok/domains"}).report.lists[0].hosts,
            1u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), before + 1)
      << "the image alone is new";
}

TEST(Archive, BombsAreRefused) {
  const TemporaryFolder folder;
  // The list itself, and what stands before it.
  for (const Files& files : {Files{{"x/domains", std::string(40u << 20, 'a')}},
                             Files{{"a/zeros", std::string(40u << 20, '\0')}, {"x/domains", "a.example\n"}}})
    for (const Kind kind : {Kind::tar_gz, Kind::zip}) {
      const auto path = archive_of(folder, kind, files);
      const ListSource source{
          .name = "one", .category = "x", .format = Format::squidguard, .path = path, .member = "x"};
      const auto done = compile({&source, 1}, folder.path() / "image");
      ASSERT_FALSE(done);
      EXPECT_THAT(done.error().what, HasSubstr("times its size"));
    }
  ReadLimits limits;
  limits.unpacked = 1000;
  const auto path = archive_of(folder, Kind::tar, {{"domains", std::string(2000, 'a')}});
  const auto names = ArchiveMember::names(path, limits);
  ASSERT_FALSE(names);
  EXPECT_THAT(names.error().what, HasSubstr("more than 1000 bytes"));
}

TEST(Archive, TooManyEntriesAreRefused) {
  const TemporaryFolder folder;
  Files files;
  for (std::size_t i = 0; i <= ArchiveMember::kMostEntries; ++i) files.emplace_back("f" + std::to_string(i), "");
  const auto names = ArchiveMember::names(archive_of(folder, Kind::tar_gz, files));
  ASSERT_FALSE(names);
  EXPECT_THAT(names.error().what, HasSubstr("entries"));
}

TEST(Archive, ADamagedOneIsAnErrorAndNoShorterList) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "n" + std::to_string(i * 7919) + ".example\n";
  for (const Kind kind : {Kind::tar, Kind::tar_gz, Kind::zip}) {
    const auto path = archive_of(folder, kind, {{"x/domains", text}});
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    const ListSource source{
        .name = "one", .category = "x", .format = Format::domains, .path = path, .member = "x/domains"};
    EXPECT_FALSE(compile({&source, 1}, folder.path() / "image")) << int(kind);
  }
}

TEST(Archive, ASealedOneIsSealedInPlace) {
  const TemporaryFolder folder;
  const auto path = archive_of(folder, Kind::tar_gz, kUt1);
  const ListSource source{.format = Format::squidguard, .path = path, .sealed = true};
  ASSERT_TRUE(seal_in_place(source, SealedKey{1}));
  EXPECT_TRUE(is_sealed_file(path));
  EXPECT_EQ(why_refused(source), "");
  const auto done = compiled(folder, source);
  ASSERT_EQ(done.report.lists.size(), 1u);
  EXPECT_EQ(done.report.lists[0].hosts + done.report.lists[0].urls, 3u);
}

}  // namespace
}  // namespace schoolgate::blocklists
