#include <gtest/gtest.h>

#include "identity/device_register.h"
#include "identity/people_database.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::ScratchSchool;

TEST(DevicesCommand, AMachineIsAddedListedAndRemoved) {
  const ScratchSchool school;
  const Ran added = school.run({"devices", "add", "02-00-5E-10-00-01"},
                               {"--kind", "console", "--name", "hall-console", "--owner", "Hall", "--by-name-only"});
  EXPECT_EQ(added.status, 0) << added.err;
  EXPECT_EQ(added.out, "02:00:5e:10:00:01 is in the register\n");
  const Ran listed = school.run({"devices", "list"});
  EXPECT_TRUE(listed.out.contains("02:00:5e:10:00:01")) << listed.out;
  EXPECT_TRUE(listed.out.contains("name only")) << listed.out;
  EXPECT_TRUE(school.run({"devices", "list"}, {"--json"}).out.starts_with(R"([{"mac":"02:00:5e:10:00:01",)"));
  EXPECT_TRUE(identity::DeviceRegister(*identity::PeopleDatabase::open(school.state()).value())
                  .find("02:00:5e:10:00:01")
                  .value()
                  ->by_name_only);
  EXPECT_EQ(school.run({"devices", "remove", "02:00:5e:10:00:01"}).status, 0);
  EXPECT_EQ(school.run({"devices", "remove", "02:00:5e:10:00:01"}).status, 1);
}

TEST(DevicesCommand, WrongWordsAreWrongUsage) {
  const ScratchSchool school;
  EXPECT_EQ(school.run({"devices", "add", "02:00:5e:10:00:01"}).status, 2);
  EXPECT_EQ(school.run({"devices", "add", "02:00:5e:10:00:01"}, {"--kind", "toaster"}).status, 2);
  EXPECT_EQ(school.run({"devices", "add", "router"}, {"--kind", "school"}).status, 2);
  EXPECT_EQ(school.run({"devices", "list", "all"}).status, 2);
  EXPECT_EQ(school.run({"devices", "remove"}).status, 2);
  EXPECT_EQ(school.run({"devices", "paint"}).status, 2);
}

}  // namespace
}  // namespace schoolgate::app
