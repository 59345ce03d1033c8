// An image that is cut or has a bit flipped, wherever, is refused.
#include <gmock/gmock.h>

#include <random>

#include "base/file.h"
#include "blocklists/image_format.h"
#include "blocklists/image_writer.h"
#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

// As CategoryDb::over() asks for it.
struct AlignedCopy {
  explicit AlignedCopy(std::string_view bytes) : size(bytes.size()), at(std::aligned_alloc(64, (size + 63) / 64 * 64)) {
    std::memcpy(at, bytes.data(), size);
  }
  ~AlignedCopy() { std::free(at); }
  [[nodiscard]] std::string_view first(std::size_t count) const { return {static_cast<const char*>(at), count}; }
  [[nodiscard]] char& operator[](std::size_t i) { return static_cast<char*>(at)[i]; }
  std::size_t size;
  void* at;
};

std::string some_names(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "name" + std::to_string(i * 7919 % 100'003) + ".example\n";
  return text;
}

TEST(ImageDamage, AnyFlippedBitOfASmallImageIsRefused) {
  const CompiledLists lists({{"hosts", Format::domains, some_names(40) + "192.0.2.0/24\n"},
                             {"urls", Format::urls, "a.example/b\nc.example/d?e\n"},
                             {"words", Format::expressions, "free[-_]?spins\n"}});
  const std::string good = *read_file(lists.image());
  AlignedCopy image(good);
  ASSERT_TRUE(CategoryDb::over(image.first(image.size)));
  for (std::size_t at = 0; at < image.size; ++at)
    for (int bit = 0; bit < 8; ++bit) {
      image[at] = char(image[at] ^ (1 << bit));
      const auto opened = CategoryDb::over(image.first(image.size));
      ASSERT_FALSE(opened) << "byte " << at << ", bit " << bit;
      ASSERT_EQ(opened.error().fault, Fault::config);
      image[at] = char(image[at] ^ (1 << bit));
    }
  EXPECT_TRUE(CategoryDb::over(image.first(image.size)));
}

TEST(ImageDamage, AnyTruncationIsRefused) {
  const CompiledLists lists({{"hosts", Format::domains, some_names(40)}});
  const AlignedCopy image(*read_file(lists.image()));
  for (std::size_t size = 0; size < image.size; ++size) ASSERT_FALSE(CategoryDb::over(image.first(size))) << size;
}

TEST(ImageDamage, RandomDamageOfALargerImageIsRefused) {
  const CompiledLists lists({{"hosts", Format::domains, some_names(100'000)}});
  AlignedCopy image(*read_file(lists.image()));
  std::mt19937_64 random(11);
  for (int i = 0; i < 2000; ++i) {
    const std::size_t at = random() % image.size;
    const char was = image[at];
    image[at] = char(was ^ char(1 + random() % 255));
    ASSERT_FALSE(CategoryDb::over(image.first(image.size))) << "byte " << at;
    image[at] = was;
    // Two words exchanged, and a run of zeros: what a disk or a bad copy does.
    const std::size_t one = random() % (image.size / 8) * 8, two = random() % (image.size / 8) * 8;
    if (std::memcmp(&image[one], &image[two], 8) == 0) continue;
    std::swap_ranges(&image[one], &image[one] + 8, &image[two]);
    ASSERT_FALSE(CategoryDb::over(image.first(image.size))) << "words " << one << " and " << two;
    std::swap_ranges(&image[one], &image[one] + 8, &image[two]);
  }
  EXPECT_TRUE(CategoryDb::over(image.first(image.size)));
}

// Images whose digest is right and whose content is wrong, as a compiler with a mistake would write them.
class WrongImage : public testing::Test {
 protected:
  ImageHeader header() const {
    ImageHeader found;
    std::memcpy(&found, bytes_.data(), sizeof found);
    return found;
  }
  void set(const ImageHeader& changed) { std::memcpy(bytes_.data(), &changed, sizeof changed); }
  /// The `index`th record of a section, changed by `change`.
  template <class T, class Change>
  void change_record(Section section, std::size_t index, Change change) {
    const SectionRecord where = header().table[std::size_t(section)];
    ASSERT_LT(index * sizeof(T), where.size) << "no such record to change";
    T record;
    char* at = bytes_.data() + where.offset + index * sizeof(T);
    std::memcpy(&record, at, sizeof record);
    change(record);
    std::memcpy(at, &record, sizeof record);
  }
  void bytes_resize(std::size_t more) { bytes_.resize((bytes_.size() + 63) / 64 * 64 + more); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  void begin_with(std::string bytes) { bytes_ = std::move(bytes); }
  /// What is said of it, once its digest is right again; empty when it is taken.
  std::string said() {
    sign();
    const AlignedCopy image(bytes_);
    const auto opened = CategoryDb::over(image.first(image.size));
    bytes_ = good_;
    return opened ? "" : opened.error().what;
  }
  /// Opens it, which must succeed once its digest is right again, for `look`.
  template <class Look>
  void opened(Look look, const std::optional<SealedKey>& key = {}) {
    sign();
    const AlignedCopy image(bytes_);
    const auto opened = CategoryDb::over(image.first(image.size), key);
    ASSERT_TRUE(opened) << opened.error().text();
    look(**opened);
  }

 private:
  void sign() {
    ImageHeader changed = header();
    changed.digest = whole_image_digest(changed, bytes_);
    set(changed);
  }

  const CompiledLists lists_{{{"hosts", Format::domains, some_names(40) + "192.0.2.0/24\n"},
                              {"urls", Format::urls, "a.example/b\nc.example/d?e\n"},
                              {"words", Format::expressions, "free[-_]?spins\n"}}};
  const std::string good_ = *read_file(lists_.image());
  std::string bytes_ = good_;
};

TEST_F(WrongImage, UnchangedIsTaken) { EXPECT_EQ(said(), ""); }

TEST_F(WrongImage, OfAnotherVersionIsRefused) {
  ImageHeader newer = header();
  newer.version = kImageVersion + 1;
  set(newer);
  EXPECT_THAT(said(), testing::HasSubstr("has version 5, this program reads 4"));
  ImageHeader longer = header();
  longer.sections = kSections + 1;
  set(longer);
  EXPECT_THAT(said(), testing::HasSubstr("has version 4"));
}

TEST_F(WrongImage, WithASectionOutsideTheFileIsRefused) {
  constexpr std::uint64_t kHuge = ~std::uint64_t{0} / 64 * 64;
  for (std::size_t section = 0; section < kSections; ++section) {
    const auto with = [&](auto change) {
      ImageHeader wrong = header();
      change(wrong.table[section]);
      set(wrong);
      return said();
    };
    const auto outside = testing::HasSubstr("has a section outside the file");
    EXPECT_THAT(with([&](SectionRecord& record) { record.offset = kHuge; }), outside) << section;
    EXPECT_THAT(with([&](SectionRecord& record) { record.size = kHuge; }), outside) << section;
    EXPECT_THAT(with([&](SectionRecord& record) { record = {.offset = 8, .size = 0}; }), outside) << section;
    if (section != std::size_t(Section::text))
      EXPECT_THAT(with([&](SectionRecord& record) { record = {.offset = 64, .size = 1}; }), outside) << section;
  }
}

TEST_F(WrongImage, WithMoreListsThanThereCanBeIsRefused) {
  ImageHeader wrong = header();
  bytes_resize((kMaxLists + 1) * sizeof(ListRecord) + 64);
  wrong.file_size = size();
  wrong.table[std::size_t(Section::lists)] = {.offset = 64, .size = (kMaxLists + 1) * sizeof(ListRecord)};
  set(wrong);
  EXPECT_THAT(said(), testing::HasSubstr("has too many lists"));
}

TEST_F(WrongImage, WithATextOutsideItsSectionIsRefused) {
  for (const auto member : {&ListRecord::name, &ListRecord::category, &ListRecord::source})
    for (const TextRef wrong : {TextRef{.offset = 0xffffffff, .size = 1}, TextRef{.offset = 0, .size = 0xffffffff}}) {
      change_record<ListRecord>(Section::lists, 0, [&](ListRecord& record) { record.*member = wrong; });
      EXPECT_THAT(said(), testing::HasSubstr("names a text outside the file"));
    }
}

TEST_F(WrongImage, WithASetOutsideItsSectionIsRefused) {
  const auto outside = testing::HasSubstr("has a set outside the file");
  change_record<std::uint32_t>(Section::set_offsets, 0, [](std::uint32_t& offset) { offset = 0xffffffff; });
  EXPECT_THAT(said(), outside);
  change_record<std::uint32_t>(Section::set_offsets, 0, [](std::uint32_t& offset) { offset = 1; });
  change_record<std::uint32_t>(Section::set_offsets, 1, [](std::uint32_t& offset) { offset = 0; });
  EXPECT_THAT(said(), outside) << "it runs backwards";
}

TEST_F(WrongImage, WithASetOfListsThatItDoesNotHoldIsRefused) {
  change_record<std::uint16_t>(Section::set_members, 0, [](std::uint16_t& list) { list = 3; });
  EXPECT_THAT(said(), testing::HasSubstr("names a list that it does not hold"));
}

TEST_F(WrongImage, WithAPatternOfNoListOrOutsideItsSectionIsRefused) {
  const auto outside = testing::HasSubstr("has a pattern outside the file");
  change_record<PatternRecord>(Section::patterns, 0, [](PatternRecord& record) { record.list = 3; });
  EXPECT_THAT(said(), outside);
  change_record<PatternRecord>(Section::patterns, 0, [](PatternRecord& record) { record.text.offset = 0xffffffff; });
  EXPECT_THAT(said(), outside);
}

TEST_F(WrongImage, WithAPatternThatIsNoneIsRefused) {
  change_record<PatternRecord>(Section::patterns, 0, [](PatternRecord& record) { record.text.size -= 2; });
  EXPECT_EQ(said(), "") << "shorter, but an expression still";
  const SectionRecord text = header().table[std::size_t(Section::text)];
  change_record<PatternRecord>(Section::patterns, 0, [&](PatternRecord& record) {
    change_record<char>(Section::text, record.text.offset, [](char& c) { c = '*'; });
    EXPECT_LT(record.text.offset, text.size);
  });
  EXPECT_NE(said(), "");
}

// What an opened image looks up without asking again whether it may.
TEST_F(WrongImage, WithASetThatIsMissingNamesNoList) {
  ImageHeader wrong = header();
  wrong.table[std::size_t(Section::set_offsets)].size = sizeof(std::uint32_t);
  set(wrong);
  Matches matches;
  bool undecided = false;
  opened([&](const CategoryDb& db) { db.lookup(*names::Url::parse("http://a.example/b"), matches, undecided); });
  EXPECT_TRUE(matches.items().empty());
}

TEST_F(WrongImage, WithSealedEntriesOfNoListNamesNoList) {
  CompileOptions options;
  options.sealed_key.emplace();
  const CompiledLists sealed({{"iwf", Format::urls, "worst.example\nforum.test/hidden\n", true}}, options);
  begin_with(*read_file(sealed.image()));
  for (const Section section : {Section::sealed_hosts, Section::sealed_urls}) {
    const std::size_t entries = header().table[std::size_t(section)].size / sizeof(SealedEntry);
    for (std::size_t i = 0; i < entries; ++i)
      change_record<SealedEntry>(section, i, [](SealedEntry& entry) { entry.tag_and_list |= 0x0fff; });
  }
  Matches matches;
  bool undecided = false, beyond = true;
  opened(
      [&](const CategoryDb& db) {
        for (const char* url : {"http://worst.example/", "http://forum.test/hidden"})
          db.lookup(*names::Url::parse(url), matches, undecided);
        beyond = db.has_url_entries("forum.test");
      },
      options.sealed_key);
  EXPECT_TRUE(matches.items().empty());
  EXPECT_FALSE(beyond);
}

TEST(ImageDamage, WhatIsNoImageIsSaidToBeNone) {
  const TemporaryFolder folder;
  EXPECT_FALSE(CategoryDb::open(folder.path()));
  EXPECT_FALSE(CategoryDb::open(folder.path() / "missing"));
  EXPECT_FALSE(CategoryDb::open(folder.write("empty", "")));
  const auto page = CategoryDb::open(folder.write("page", std::string(4096, '<')));
  ASSERT_FALSE(page);
  EXPECT_THAT(page.error().what, testing::HasSubstr("does not begin as one"));
}

}  // namespace
}  // namespace schoolgate::blocklists
