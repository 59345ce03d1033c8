#include "identity/access_register.h"

#include <gtest/gtest.h>

#include "identity/accounts.h"
#include "identity/visits.h"
#include "tests/identity/people_test.h"

namespace schoolgate::identity {
namespace {

using test::day_at;
using KeptAccess = test::PeopleTest;

TEST_F(KeptAccess, TheRegisterSaysWhoGrantedWhatToWhomAndWhen) {
  ASSERT_TRUE(Accounts(*people_).put(amelia(), "office", day_at(8)));
  ASSERT_TRUE(Accounts(*people_).put(amelia(), "office", day_at(9)));  // nothing changed
  auto rows = *AccessRegister(*people_).rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].user, "amelia.hughes");
  EXPECT_EQ(rows[0].group, "year6,pupils");
  EXPECT_EQ(rows[0].granted_by, "office");
  EXPECT_EQ(rows[0].from, day_at(8));
  EXPECT_TRUE(rows[0].is_open(day_at(9)));

  Account moved = amelia();
  moved.groups = {"year7"};
  ASSERT_TRUE(Accounts(*people_).put(moved, "head", day_at(10)));
  ASSERT_TRUE(Accounts(*people_).close("amelia.hughes", "left the school", "office", day_at(11)));
  rows = *AccessRegister(*people_).rows();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].closed_why, "changed");
  EXPECT_EQ(rows[0].closed_by, "head");
  EXPECT_EQ(rows[1].group, "year7");
  EXPECT_EQ(rows[1].closed, day_at(11));
  EXPECT_EQ(rows[1].closed_why, "left the school");
  EXPECT_TRUE((*Accounts(*people_).find("amelia.hughes"))->disabled);
  EXPECT_TRUE(AccessRegister(*people_).rows(day_at(12))->empty());
  EXPECT_EQ(Accounts(*people_).close("nobody", "", "", day_at(12)).error().fault, Fault::client);
}

TEST_F(KeptAccess, PeopleOfTheDirectoryAreInTheRegisterOnce) {
  const AccessGrant noah{
      .user = "noah", .name = "Noah", .group = "year5", .granted_by = "directory", .from = day_at(9)};
  ASSERT_TRUE(AccessRegister(*people_).note(noah, day_at(9)));
  ASSERT_TRUE(AccessRegister(*people_).note(noah, day_at(10)));
  EXPECT_EQ(AccessRegister(*people_).rows()->size(), 1u);
  AccessGrant moved = noah;
  moved.group = "year6";
  moved.from = day_at(11);
  ASSERT_TRUE(AccessRegister(*people_).note(moved, day_at(11)));
  EXPECT_EQ(AccessRegister(*people_).rows()->size(), 2u);
  EXPECT_EQ(AccessRegister(*people_).rows(day_at(12))->size(), 1u);
  ASSERT_TRUE(AccessRegister(*people_).close("noah", "left the directory", "schoolgate", day_at(13)));
  EXPECT_TRUE(AccessRegister(*people_).rows(day_at(13))->empty());
}

TEST_F(KeptAccess, WhatRunsOutIsClosed) {
  Account account = amelia();
  account.valid_until = day_at(12);
  ASSERT_TRUE(Accounts(*people_).put(account, "office", day_at(8)));
  const auto visit = Visits(*people_).add(
      {.name = "Jo Bloggs", .host = "Mrs Oak", .purpose = "reading", .from = day_at(9), .until = day_at(15)}, true,
      "office", day_at(9));
  ASSERT_TRUE(visit);
  EXPECT_TRUE(AccessRegister(*people_).close_run_out(day_at(11))->empty());
  EXPECT_EQ(*AccessRegister(*people_).close_run_out(day_at(12)), std::vector<std::string>{"amelia.hughes"});
  EXPECT_EQ(*AccessRegister(*people_).close_run_out(day_at(15)), std::vector<std::string>{visit->user()});
  EXPECT_TRUE(AccessRegister(*people_).close_run_out(day_at(16))->empty());
  EXPECT_EQ(AccessRegister(*people_).rows()->at(1).closed, day_at(15));
  EXPECT_EQ(Visits(*people_).all()->at(0).closed, day_at(15));
}

}  // namespace
}  // namespace schoolgate::identity
