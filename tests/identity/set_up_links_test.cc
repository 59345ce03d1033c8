#include "identity/set_up_links.h"

#include <gtest/gtest.h>

#include "identity/users.h"
#include "tests/identity/users_fixture.h"

namespace schoolgate::identity {
namespace {

using namespace std::chrono_literals;
using test::kPassword;
using LinkKind = SignInAnswer::Kind;
using DeskLinks = test::UsersTest;

TEST_F(DeskLinks, TheFirstLinkMakesAnAdministratorOnce) {
  EXPECT_FALSE(*Users(*users_).any());
  const auto link = *SetUpLinks(*users_).make(now_);
  ASSERT_TRUE((*SetUpLinks(*users_).look_at(link.token, now_)).has_value());
  const auto weak = SetUpLinks(*users_).use(link.token, "boss", "The Boss", "short", now_);
  EXPECT_FALSE(weak.has_value());  // and the link is still good
  const auto used = SetUpLinks(*users_).use(link.token, "boss", "The Boss", kPassword, now_);
  ASSERT_TRUE(used.has_value()) << used.error().text();
  EXPECT_TRUE(*Users(*users_).any());
  EXPECT_EQ((*Users(*users_).find("boss"))->role, Role::administrator);
  EXPECT_FALSE(SetUpLinks(*users_).use(link.token, "second", "Another", kPassword, now_).has_value());
  EXPECT_FALSE((*SetUpLinks(*users_).look_at(link.token, now_)).has_value());
  EXPECT_EQ(sign_in("boss").kind, LinkKind::accepted);
}

TEST_F(DeskLinks, ALinkIsGoodForADayAndANewOneReplacesIt) {
  const auto first = *SetUpLinks(*users_).make(now_);
  EXPECT_EQ(first.until, now_ + 24h);
  EXPECT_TRUE((*SetUpLinks(*users_).look_at(first.token, now_ + 24h - 1ms)).has_value());
  EXPECT_FALSE((*SetUpLinks(*users_).look_at(first.token, now_ + 24h)).has_value());
  EXPECT_FALSE(SetUpLinks(*users_).use(first.token, "boss", "Boss", kPassword, now_ + 24h).has_value());
  const auto second = *SetUpLinks(*users_).make(now_);
  EXPECT_FALSE((*SetUpLinks(*users_).look_at(first.token, now_)).has_value());
  EXPECT_TRUE((*SetUpLinks(*users_).look_at(second.token, now_)).has_value());
}

TEST_F(DeskLinks, ALinkForSomebodySetsThatPasswordAndNoOther) {
  add();
  const auto token = sign_in().token;
  EXPECT_FALSE(SetUpLinks(*users_).make(now_, "nobody").has_value());
  const auto link = *SetUpLinks(*users_).make(now_, "D.Lead");
  EXPECT_EQ((*SetUpLinks(*users_).look_at(link.token, now_))->user, "d.lead");
  ASSERT_TRUE(SetUpLinks(*users_).use(link.token, "boss", "Boss", "four brown pears", now_).has_value());
  EXPECT_FALSE((*Users(*users_).find("boss")).has_value());
  EXPECT_EQ((*Users(*users_).find("d.lead"))->role, Role::dsl);
  EXPECT_FALSE(session(token).has_value());
  EXPECT_EQ(sign_in("d.lead", "four brown pears").kind, LinkKind::accepted);
}

TEST_F(DeskLinks, WhatIsNoLinkIsRefused) {
  for (const char* token : {"", "x", "' OR 1=1 --"}) {
    EXPECT_FALSE((*SetUpLinks(*users_).look_at(token, now_)).has_value());
    EXPECT_EQ(SetUpLinks(*users_).use(token, "boss", "Boss", kPassword, now_).error().fault, Fault::client);
  }
}

}  // namespace
}  // namespace schoolgate::identity
