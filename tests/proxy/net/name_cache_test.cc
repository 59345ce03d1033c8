#include "proxy/net/name_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace schoolgate::net {
namespace {

AddressList one(std::uint32_t last) { return AddressList({names::IpAddress::v4(0xC0000200u + last)}); }

TEST(NameCache, FindsWhatWasPutAndReplacesIt) {
  NameCache cache(10);
  EXPECT_EQ(cache.find("a.test"), nullptr);
  cache.put("a.test", one(1), 5, 50);
  ASSERT_NE(cache.find("a.test"), nullptr);
  EXPECT_EQ(cache.find("a.test")->expires, 5u);
  cache.put("a.test", one(2), 9, 90);
  EXPECT_EQ(cache.find("a.test")->expires, 9u);
  EXPECT_EQ(cache.find("a.test")->usable, 90u);
  EXPECT_TRUE(cache.find("a.test")->addresses.contains(names::IpAddress::v4(0xC0000202u)));
  EXPECT_EQ(cache.size(), 1u);
}

TEST(NameCache, NeverGrowsPastItsBoundAndKeepsWhatIsUsed) {
  NameCache cache(100);
  cache.put("kept.test", one(1), 5, 5);
  for (int i = 0; i < 5000; ++i) {
    cache.put("name" + std::to_string(i) + ".test", one(2), 5, 5);
    ASSERT_NE(cache.find("kept.test"), nullptr) << i;
    ASSERT_LE(cache.size(), 100u);
  }
  EXPECT_NE(cache.find("name4999.test"), nullptr);
  EXPECT_EQ(cache.find("name1.test"), nullptr);
}

TEST(NameCache, ABoundOfNothingKeepsNothing) {
  NameCache cache(0);
  cache.put("a.test", one(1), 5, 5);
  EXPECT_EQ(cache.find("a.test"), nullptr);
}

TEST(NameCache, ClearForgetsAll) {
  NameCache cache(3);
  for (const char* name : {"a.test", "b.test", "c.test", "d.test"}) cache.put(name, one(1), 5, 5);
  cache.clear();
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.find("d.test"), nullptr);
  cache.put("e.test", one(1), 5, 5);
  EXPECT_NE(cache.find("e.test"), nullptr);
}

}  // namespace
}  // namespace schoolgate::net
