#include "blocklists/fingerprint_table.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <set>

#include "blocklists/key_filter.h"
#include "blocklists/keyed_hash.h"

namespace schoolgate::blocklists {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::uint16_t> values(const FingerprintTable& table, std::uint64_t key) {
  std::vector<std::uint16_t> out;
  table.find(Slot::of(key, table.buckets()), [&](std::uint16_t value) { out.push_back(value); });
  return out;
}

TEST(FingerprintTable, FindsEveryKeyAndNoOther) {
  std::mt19937_64 random(1);
  for (const std::size_t count : {1u, 2u, 7u, 1000u, 50'000u}) {
    std::set<std::uint64_t> keys;
    while (keys.size() < count) keys.insert(random());
    keys.insert({0, ~std::uint64_t{0}});
    FingerprintTableBuilder builder(keys.size());
    for (const std::uint64_t key : keys) builder.add(key, static_cast<std::uint16_t>(key % 1000));
    builder.finish();
    const FingerprintTable table(builder.directory(), builder.entries());
    for (const std::uint64_t key : keys) ASSERT_THAT(values(table, key), ElementsAre(key % 1000));
    for (int i = 0; i < 10'000; ++i)
      if (const std::uint64_t key = random(); !keys.contains(key)) ASSERT_THAT(values(table, key), IsEmpty());
  }
}

TEST(FingerprintTable, AKeyMayHaveSeveralValues) {
  FingerprintTableBuilder builder(3);
  builder.add(5, 1);
  builder.add(5, 2);
  builder.add(~std::uint64_t{0}, 3);
  builder.finish();
  EXPECT_THAT(values(FingerprintTable(builder.directory(), builder.entries()), 5), ElementsAre(1, 2));
}

TEST(FingerprintTable, ADirectoryThatPointsOutsideIsAnEmptyBucket) {
  const std::vector<std::uint32_t> directory = {0, 900};
  const std::vector<std::uint64_t> entries = {7};
  EXPECT_THAT(values(FingerprintTable(directory, entries), 7), IsEmpty());
  EXPECT_TRUE(FingerprintTable().empty());
}

TEST(KeyFilter, LetsEveryKeyThroughAndFewOthers) {
  std::mt19937_64 random(2);
  std::vector<std::uint64_t> keys(100'000);
  for (auto& key : keys) key = random();
  auto words = KeyFilter::room_for(keys.size());
  for (const auto key : keys) KeyFilter::add(words, key);
  const KeyFilter filter(words);
  for (const auto key : keys) ASSERT_TRUE(filter.may_have(key));
  int passed = 0;
  for (int i = 0; i < 100'000; ++i) passed += filter.may_have(random());
  EXPECT_LT(passed, 6000);
  EXPECT_TRUE(KeyFilter().may_have(1)) << "without words nothing is known";
}

TEST(KeyedHash, SuffixesOfAHostAreTheKeysOfItsParents) {
  const HashKey salt{1, 2};
  const auto key_of = [&](std::string_view host) {
    std::uint64_t key = 0;
    for (SuffixWalk walk(salt, host, false); walk.next();) key = walk.state().finish(HashDomain::host);
    return key;
  };
  std::vector<std::string> suffixes;
  for (SuffixWalk walk(salt, "a-long-label-of-more-than-sixteen.b.example.org", false); walk.next();) {
    suffixes.emplace_back(walk.suffix());
    EXPECT_EQ(walk.state().finish(HashDomain::host), key_of(walk.suffix()));
  }
  EXPECT_THAT(suffixes,
              ElementsAre("org", "example.org", "b.example.org", "a-long-label-of-more-than-sixteen.b.example.org"));
}

TEST(KeyedHash, DifferentPiecesAndSplitsGiveDifferentKeys) {
  const HashKey salt{3, 4};
  std::set<std::uint64_t> seen;
  std::size_t count = 0;
  const auto add = [&](const std::vector<std::string>& pieces) {
    HashState state(salt);
    for (const auto& piece : pieces) state.absorb(piece);
    for (const auto domain : {HashDomain::host, HashDomain::url, HashDomain::network})
      seen.insert(state.finish(domain)), ++count;
  };
  // The same bytes cut in every way into two pieces, and runs of one byte of every length.
  const std::string text = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
  add({text});
  for (std::size_t cut = 0; cut <= text.size(); ++cut) add({text.substr(0, cut), text.substr(cut)});
  for (std::size_t size = 0; size < 70; ++size) add({std::string(size, 'a')});
  EXPECT_EQ(seen.size(), count);
}

TEST(KeyedHash, KeysSpreadEvenly) {
  const HashKey salt{5, 6};
  std::vector<int> buckets(256);
  for (int i = 0; i < 256'000; ++i) {
    HashState state(salt);
    state.absorb("name" + std::to_string(i));
    ++buckets[state.finish(HashDomain::host) >> 56];
  }
  for (const int count : buckets) EXPECT_NEAR(count, 1000, 200);
}

}  // namespace
}  // namespace schoolgate::blocklists
