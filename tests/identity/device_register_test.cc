#include "identity/device_register.h"

#include <gtest/gtest.h>

#include "tests/identity/people_test.h"

namespace schoolgate::identity {
namespace {

using KeptDevices = test::PeopleTest;

TEST_F(KeptDevices, ComeAndGo) {
  const RegisteredDevice console{"02:00:5e:10:00:01", "hall-console", "Hall", "console", true, "takes no certificate"};
  ASSERT_TRUE(DeviceRegister(*people_).put(console));
  EXPECT_TRUE((*DeviceRegister(*people_).find("02:00:5e:10:00:01"))->by_name_only);
  EXPECT_FALSE(DeviceRegister(*people_).put({"02-00-5E-10-00-01", "", "", "school", false, ""}));
  EXPECT_FALSE(DeviceRegister(*people_).put({"02:00:5e:10:00:02", "", "", "toaster", false, ""}));
  EXPECT_EQ(DeviceRegister(*people_).all()->size(), 1u);
  EXPECT_TRUE(DeviceRegister(*people_).remove("02:00:5e:10:00:01"));
  EXPECT_FALSE(DeviceRegister(*people_).remove("02:00:5e:10:00:01"));
}

}  // namespace
}  // namespace schoolgate::identity
