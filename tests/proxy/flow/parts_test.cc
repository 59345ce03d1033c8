// The small parts of the hallway that need no conversation.
#include <gtest/gtest.h>

#include "proxy/flow/breach_of.h"
#include "proxy/flow/client_table.h"
#include "proxy/flow/live_list.h"

namespace schoolgate::flow {
namespace {

using breaches::Initiated;

TEST(InitiatedBy, FetchMetadataTellsPeopleFromPages) {
  EXPECT_EQ(initiated_by({}), Initiated::unknown);
  EXPECT_EQ(initiated_by({.fetch_mode = "navigate", .fetch_user = "?1", .fetch_dest = "document"}), Initiated::user);
  EXPECT_EQ(initiated_by({.fetch_mode = "navigate", .fetch_dest = "document"}), Initiated::user);
  EXPECT_EQ(initiated_by({.fetch_mode = "navigate", .fetch_dest = "iframe"}), Initiated::page);
  EXPECT_EQ(initiated_by({.fetch_mode = "no-cors", .fetch_dest = "image"}), Initiated::page);
}

TEST(ClientTable, CountsEachAddressByItself) {
  ClientTable table(2);
  const auto one = *names::IpAddress::parse("10.20.2.7"), other = *names::IpAddress::parse("2001:db8::7");
  EXPECT_TRUE(table.enter(one));
  EXPECT_TRUE(table.enter(one));
  EXPECT_FALSE(table.enter(one));
  EXPECT_TRUE(table.enter(other));
  table.leave(one);
  EXPECT_TRUE(table.enter(one));
}

TEST(LiveList, RemovesFromAnyPlace) {
  struct Item {
    Item* previous = nullptr;
    Item* next = nullptr;
  } a, b, c;
  LiveList<Item> list;
  for (Item* each : {&a, &b, &c}) list.add(*each);
  list.remove(b);
  EXPECT_EQ(list.first(), &c);
  EXPECT_EQ(list.first()->next, &a);
  list.remove(c);
  EXPECT_EQ(list.first(), &a);
  EXPECT_EQ(a.previous, nullptr);
  list.remove(a);
  EXPECT_EQ(list.first(), nullptr);
}

}  // namespace
}  // namespace schoolgate::flow
