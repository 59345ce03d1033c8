// An image that is cut or has a bit flipped, wherever, is refused.
#include <gmock/gmock.h>

#include <random>

#include "base/file.h"
#include "blocklists/image_format.h"
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
