#include "rules/member_table.h"

#include <gtest/gtest.h>

namespace schoolgate::rules {
namespace {

TEST(MemberTable, FindsWhatWasAddedAndNothingElse) {
  MemberTable table;
  EXPECT_EQ(table.add_user("j.smith", 3), std::nullopt);
  EXPECT_EQ(table.of_user("j.smith"), 3);
  EXPECT_EQ(table.of_user("j.smit"), std::nullopt);
  EXPECT_EQ(table.of_user(""), std::nullopt);
  EXPECT_EQ(table.of_directory_groups({"j.smith"}), std::nullopt);
}

TEST(MemberTable, WhoIsThereStaysWhereTheyAre) {
  MemberTable table;
  (void)table.add_user("j.smith", 3);
  EXPECT_EQ(table.add_user("j.smith", 4), 3);
  EXPECT_EQ(table.of_user("j.smith"), 3);
  EXPECT_EQ(table.add_device(0, 1), std::nullopt);
  EXPECT_EQ(table.add_device(0, 2), 1);
  EXPECT_EQ(table.of_device("school"), 1);
}

TEST(MemberTable, OfSeveralDirectoryGroupsTheFirstPolicyGroupCounts) {
  MemberTable table;
  table.add_directory_group("staff", 1);
  table.add_directory_group("year 6", 2);
  table.add_directory_group("staff", 2);
  EXPECT_EQ(table.of_directory_groups({"year 6", "domain users", "staff"}), 1);
  EXPECT_EQ(table.of_directory_groups({"year 6"}), 2);
  EXPECT_EQ(table.of_directory_groups({"domain users"}), std::nullopt);
  EXPECT_EQ(table.of_directory_groups({}), std::nullopt);
}

TEST(MemberTable, KindsOfDevicesAreThoseOfTheRegister) {
  MemberTable table;
  for (std::size_t kind = 0; kind < kDeviceKinds.size(); ++kind) (void)table.add_device(kind, GroupIndex(kind));
  EXPECT_EQ(table.of_device("unknown"), 5);
  EXPECT_EQ(table.of_device("toaster"), std::nullopt);
  EXPECT_EQ(table.of_device(""), std::nullopt);
}

}  // namespace
}  // namespace schoolgate::rules
