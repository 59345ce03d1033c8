#include "identity/classes.h"

#include <gtest/gtest.h>

#include "tests/identity/people_test.h"

namespace schoolgate::identity {
namespace {

using KeptClasses = test::PeopleTest;

TEST_F(KeptClasses, ComeAndGo) {
  ASSERT_TRUE(Classes(*people_).put({"robins", "Robins (Reception)", "owl", "eyfs"}));
  EXPECT_EQ((*Classes(*people_).find("robins"))->picture, "owl");
  EXPECT_FALSE(Classes(*people_).put({"Robins!", "", "owl", "eyfs"}));
  EXPECT_FALSE(Classes(*people_).put({"robins", "", "", "eyfs"}));
  EXPECT_EQ(Classes(*people_).all()->size(), 1u);
  EXPECT_TRUE(Classes(*people_).remove("robins"));
  EXPECT_FALSE(Classes(*people_).remove("robins"));
}

}  // namespace
}  // namespace schoolgate::identity
