#include "base/uuid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace schoolgate {
namespace {

using namespace std::chrono_literals;

const TimePoint kTime{1'795'339'800'125ms};

TEST(Uuid, IsVersion7AndTheVariantOfTheRfc) {
  for (int i = 0; i < 1000; ++i) {
    const Uuid id = Uuid::v7(kTime);
    EXPECT_EQ(id.bytes()[6] >> 4, 7);
    EXPECT_EQ(id.bytes()[8] >> 6, 2);
  }
}

TEST(Uuid, CarriesItsTime) {
  const Uuid id = Uuid::v7(kTime);
  std::uint64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | id.bytes()[i];
  EXPECT_EQ(ms, 1'795'339'800'125u);
}

TEST(Uuid, IsReadFromItsText) {
  for (int i = 0; i < 100; ++i) {
    const Uuid id = Uuid::v7(kTime);
    ASSERT_TRUE(Uuid::from_text(id.text()));
    EXPECT_EQ(*Uuid::from_text(id.text()), id);
  }
  EXPECT_EQ(Uuid::from_text("0193A5B0-7C1D-7ABC-8DEF-0123456789AB")->text(), "0193a5b0-7c1d-7abc-8def-0123456789ab");
  for (const char* bad : {"", "0193a5b0", "0193a5b0-7c1d-7abc-8def-0123456789a",
                          "0193a5b0-7c1d-7abc-8def-0123456789abc", "0193a5b0-7c1d-7abc-8def-0123456789ag",
                          "0193a5b007c1d-7abc-8def-0123456789ab", "-193a5b0-7c1d-7abc-8def-0123456789ab"})
    EXPECT_FALSE(Uuid::from_text(bad)) << bad;
}

TEST(Uuid, TextIs36LowerCaseCharacters) {
  const std::string text = Uuid::v7(kTime).text();
  ASSERT_EQ(text.size(), 36u);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      EXPECT_EQ(text[i], '-');
    } else {
      EXPECT_NE(std::string_view("0123456789abcdef").find(text[i]), std::string_view::npos) << text;
    }
  }
  EXPECT_EQ(text.substr(0, 13), "01a20297-4e3d") << "the time in hexadecimal";
}

TEST(Uuid, SortsByTimeAsBytesAndAsText) {
  Uuid before = Uuid::v7(kTime);
  for (int i = 1; i <= 2000; ++i) {
    const Uuid next = Uuid::v7(kTime + i * 7ms);
    EXPECT_LT(before, next);
    EXPECT_LT(before.text(), next.text());
    before = next;
  }
}

TEST(Uuid, IsUniqueAcrossThreads) {
  std::set<Uuid> seen;
  std::mutex mutex;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::vector<Uuid> mine;
      for (int i = 0; i < 5000; ++i) mine.push_back(Uuid::v7(kTime));
      const std::scoped_lock lock(mutex);
      seen.insert(mine.begin(), mine.end());
    });
  }
  threads.clear();
  EXPECT_EQ(seen.size(), 20'000u);
}

TEST(Uuid, ReferenceCanBeReadOut) {
  for (int i = 0; i < 1000; ++i) {
    const std::string reference = Uuid::v7(kTime).reference();
    ASSERT_EQ(reference.size(), 11u);
    EXPECT_EQ(reference[4], '-');
    for (const char c : reference) EXPECT_EQ(std::string_view("ILOUilou").find(c), std::string_view::npos) << reference;
  }
}

TEST(Uuid, ReferenceIsOfTheRandomPart) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(Uuid::v7(kTime).reference());
  EXPECT_EQ(seen.size(), 10'000u);
  const Uuid id = Uuid::v7(kTime);
  EXPECT_EQ(id.reference(), Uuid(id).reference());
}

TEST(Uuid, OneThatWasNeverDrawnIsNil) { EXPECT_EQ(Uuid{}.text(), "00000000-0000-0000-0000-000000000000"); }

}  // namespace
}  // namespace schoolgate
