#include "blocklists/key_sorter.h"

#include <gmock/gmock.h>

#include <random>

#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

std::vector<KeyedList> drained(KeySorter& sorter) {
  std::vector<KeyedList> out;
  const auto result = sorter.drain([&](const KeyedList& pair) { out.push_back(pair); });
  EXPECT_TRUE(result) << result.error().text();
  return out;
}

TEST(KeySorter, SortsTheSameInMemoryAndOnDisk) {
  const TemporaryFolder folder;
  std::mt19937_64 random(3);
  std::vector<KeyedList> pairs;
  for (int i = 0; i < 5000; ++i) pairs.push_back({random() % 2000, std::uint16_t(random() % 5)});
  KeySorter in_memory(1u << 20, folder.path()), on_disk(1000, folder.path());
  for (const KeyedList& pair : pairs) {
    ASSERT_TRUE(in_memory.add(pair));
    ASSERT_TRUE(on_disk.add(pair));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "runs have no name";
  std::sort(pairs.begin(), pairs.end());
  EXPECT_EQ(in_memory.size(), pairs.size());
  EXPECT_EQ(drained(in_memory), pairs);
  EXPECT_EQ(drained(on_disk), pairs);
  EXPECT_EQ(on_disk.size(), 0u);
}

TEST(KeySorter, SaysWhenThereIsNoPlaceToSpill) {
  const TemporaryFolder folder;
  KeySorter sorter(0, folder.path() / "missing");
  Result<void> result;
  for (int i = 0; i < 100 && result; ++i) result = sorter.add({std::uint64_t(i), 0});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, Fault::host);
}

}  // namespace
}  // namespace schoolgate::blocklists
