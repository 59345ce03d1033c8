#include "proxy/http/h2_head.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace schoolgate::http {
namespace {

TEST(H2Head, ViewsStayGoodWhileItGrowsAndMoves) {
  H2Head head;
  head.method = head.keep("GET");
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "x-" + std::to_string(i), value(std::size_t(i) * 7, char('a' + i % 26));
    head.add(head.keep(name), head.keep(value));
    expected += name + value;
  }
  const H2Head moved = std::move(head);
  std::string seen;
  for (const Field& field : moved.fields) seen.append(field.name).append(field.value);
  EXPECT_EQ(moved.method, "GET");
  EXPECT_EQ(seen, expected);
}

TEST(H2Head, ClearForgetsEverything) {
  H2Head head;
  head.status = 200;
  head.path = head.keep("/");
  head.too_large = true;
  head.size = 5;
  head.add("a", head.keep(std::string(5000, 'x')));
  head.clear();
  EXPECT_EQ(head.status, 0);
  EXPECT_TRUE(head.path.empty());
  EXPECT_FALSE(head.too_large);
  EXPECT_EQ(head.size, 0U);
  EXPECT_TRUE(head.fields.empty());
  EXPECT_EQ(head.keep("again"), "again");
}

TEST(H2Head, KnowsItsFields) {
  H2Head head;
  head.add("cookie", "a=1");
  head.add("via", "1.1 a");
  head.add("via", "1.1 b");
  EXPECT_EQ(head.find(Name::via), "1.1 a");
  EXPECT_EQ(head.find(Name::host), "");
  EXPECT_EQ(head.keep_lower("X-Mixed-09"), "x-mixed-09");
}

}  // namespace
}  // namespace schoolgate::http
