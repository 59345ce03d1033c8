#include "identity/accounts.h"

#include <gtest/gtest.h>

#include "identity/access_register.h"
#include "tests/identity/people_test.h"

namespace schoolgate::identity {
namespace {

using test::day_at;
using KeptAccounts = test::PeopleTest;

TEST_F(KeptAccounts, AnAccountIsKept) {
  Account account = amelia();
  account.valid_until = day_at(18);
  ASSERT_TRUE(Accounts(*people_).put(account, "office", day_at(8)));
  const auto found = Accounts(*open()).find("amelia.hughes");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->name, "Amelia Hughes");
  EXPECT_EQ((*found)->groups, (std::vector<std::string>{"year6", "pupils"}));
  EXPECT_EQ((*found)->password_hash, "$argon2id$x");
  EXPECT_EQ((*found)->valid_until, day_at(18));
  EXPECT_TRUE((*found)->holds(day_at(17)));
  EXPECT_FALSE((*found)->holds(day_at(18)));
  EXPECT_FALSE(*Accounts(*people_).find("nobody"));
}

TEST_F(KeptAccounts, AReplacementKeepsThePassword) {
  ASSERT_TRUE(Accounts(*people_).put(amelia(), "office", day_at(8)));
  Account changed = amelia();
  changed.password_hash.clear();
  changed.name = "Amelia H.";
  ASSERT_TRUE(Accounts(*people_).put(changed, "office", day_at(8)));
  EXPECT_EQ((*Accounts(*people_).find("amelia.hughes"))->password_hash, "$argon2id$x");
  changed.no_password = true;
  ASSERT_TRUE(Accounts(*people_).put(changed, "office", day_at(8)));
  EXPECT_EQ((*Accounts(*people_).find("amelia.hughes"))->password_hash, "");
  ASSERT_TRUE(Accounts(*people_).set_password_hash("amelia.hughes", "$argon2id$y"));
  EXPECT_FALSE((*Accounts(*people_).find("amelia.hughes"))->no_password);
  EXPECT_EQ(Accounts(*people_).set_password_hash("nobody", "x").error().fault, Fault::client);
}

TEST_F(KeptAccounts, WhatIsNoAccountIsRefused) {
  const auto refused = [&](auto change) {
    Account account = amelia();
    change(account);
    const auto put = Accounts(*people_).put(account, "office", day_at(8));
    return !put && put.error().fault == Fault::client;
  };
  EXPECT_TRUE(refused([](Account& a) { a.user = "Amelia Hughes"; }));
  EXPECT_TRUE(refused([](Account& a) { a.user = "class:robins"; }));
  EXPECT_TRUE(refused([](Account& a) { a.name = "a\nb"; }));
  EXPECT_TRUE(refused([](Account& a) { a.name = std::string(201, 'a'); }));
  EXPECT_TRUE(refused([](Account& a) { a.groups = {"Year6"}; }));
  EXPECT_TRUE(refused([](Account& a) { a.groups = {"a,b"}; }));
  EXPECT_TRUE(refused([](Account& a) { a.groups = {""}; }));
  EXPECT_TRUE(refused([](Account& a) { a.valid_from = day_at(9), a.valid_until = day_at(9); }));
  EXPECT_TRUE(refused([](Account& a) { a.no_password = true, a.role = PersonRole::staff; }));
  EXPECT_TRUE(Accounts(*people_).all()->empty());
  EXPECT_TRUE(AccessRegister(*people_).rows()->empty());
}

}  // namespace
}  // namespace schoolgate::identity
