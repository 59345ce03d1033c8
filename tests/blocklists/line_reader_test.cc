#include "blocklists/line_reader.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string gzipped(std::string_view text) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = uInt(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = uInt(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::vector<std::string> lines_of(LineReader& reader) {
  std::vector<std::string> out;
  for (LineReader::Line line; reader.next(line);) out.emplace_back(line.text);
  return out;
}

std::vector<std::string> lines_of(std::string_view bytes) {
  auto reader = LineReader::over(bytes);
  auto lines = lines_of(reader);
  EXPECT_EQ(reader.failure(), nullptr);
  return lines;
}

TEST(LineReader, LineEndsAreLfOrCrLfAndTheLastMayLackOne) {
  EXPECT_THAT(lines_of("a\nb\r\n\nc"), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(lines_of("a\r\n"), ElementsAre("a"));
  EXPECT_THAT(lines_of(""), IsEmpty());
}

TEST(LineReader, AByteOrderMarkIsNoPartOfTheFirstLine) {
  EXPECT_THAT(lines_of("\xEF\xBB\xBF"
                       "a\n"
                       "\xEF\xBB\xBF"
                       "b\n"),
              ElementsAre("a",
                          "\xEF\xBB\xBF"
                          "b"));
}

TEST(LineReader, GzipIsKnownByItsFirstBytes) {
  EXPECT_THAT(lines_of(gzipped("a\nb\n")), ElementsAre("a", "b"));
  EXPECT_THAT(lines_of(gzipped("a\nb") + gzipped("c\nd\n")), ElementsAre("a", "bc", "d"));
  EXPECT_THAT(lines_of(gzipped("")), IsEmpty());
}

TEST(LineReader, NumbersCountEveryLine) {
  auto reader = LineReader::over("a\n\nb\n");
  LineReader::Line line;
  std::vector<std::uint64_t> numbers;
  while (reader.next(line)) numbers.push_back(line.number);
  EXPECT_THAT(numbers, ElementsAre(1u, 2u, 3u));
}

TEST(LineReader, ALineOfAHundredMegabytesIsCutAndTheNextIsRead) {
  std::string text(100u << 20, 'x');
  text += "\nnext\n";
  auto reader = LineReader::over(text);
  LineReader::Line line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_TRUE(line.too_long);
  EXPECT_LE(line.text.size(), ReadLimits{}.line);
  ASSERT_TRUE(reader.next(line));
  EXPECT_FALSE(line.too_long);
  EXPECT_EQ(line.text, "next");
  EXPECT_EQ(line.number, 2u);
  EXPECT_FALSE(reader.next(line));
  EXPECT_EQ(reader.failure(), nullptr);
}

TEST(LineReader, ALongLineAtTheEndWithoutALineEndIsStillTold) {
  const std::string text(1u << 20, 'x');
  auto reader = LineReader::over(text);
  LineReader::Line line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_TRUE(line.too_long);
  EXPECT_FALSE(reader.next(line));
}

TEST(LineReader, NulsAreHandedOver) {
  EXPECT_THAT(lines_of(std::string_view("a\0b\n", 4)), ElementsAre(std::string("a\0b", 3)));
}

TEST(LineReader, CutOrDamagedGzipIsAFailureNotAnEnd) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "name" + std::to_string(i * 7919) + ".example\n";
  const std::string whole = gzipped(text);
  auto cut = LineReader::over(std::string_view(whole).substr(0, whole.size() / 2));
  (void)lines_of(cut);
  ASSERT_NE(cut.failure(), nullptr);
  EXPECT_THAT(cut.failure()->what, HasSubstr("ends too early"));

  std::string damaged = whole;
  damaged[damaged.size() / 2] = char(damaged[damaged.size() / 2] ^ 0x55);
  auto broken = LineReader::over(damaged);
  (void)lines_of(broken);
  EXPECT_NE(broken.failure(), nullptr);
}

TEST(LineReader, AGzipBombIsRefused) {
  const std::string bomb = gzipped(std::string(64u << 20, 'a'));
  auto reader = LineReader::over(bomb);
  EXPECT_THAT(lines_of(reader), IsEmpty());
  ASSERT_NE(reader.failure(), nullptr);
  EXPECT_THAT(reader.failure()->what, HasSubstr("times its size"));
}

TEST(LineReader, UnpacksNoMoreThanItMay) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "name" + std::to_string(i) + ".example\n";
  ReadLimits limits;
  limits.unpacked = 500'000;
  auto reader = LineReader::over(text, limits);
  (void)lines_of(reader);
  ASSERT_NE(reader.failure(), nullptr);
  EXPECT_THAT(reader.failure()->what, HasSubstr("unpacks to more than 500000 bytes"));
}

TEST(LineReader, AFolderOrAMissingFileIsTheConfigurationsFault) {
  const TemporaryFolder folder;
  const auto of_folder = LineReader::open(folder.path());
  ASSERT_FALSE(of_folder);
  EXPECT_EQ(of_folder.error().fault, Fault::config);
  EXPECT_THAT(of_folder.error().what, HasSubstr("is a folder"));
  const auto missing = LineReader::open(folder.path() / "missing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().fault, Fault::config);
}

}  // namespace
}  // namespace schoolgate::blocklists
