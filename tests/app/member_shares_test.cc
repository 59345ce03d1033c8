#include "app/member_shares.h"

#include <gtest/gtest.h>

#include <vector>

namespace schoolgate::app {
namespace {

TEST(MemberShares, OneMemberCannotHoldWhatIsThereForAll) {
  MemberShares shares(5, 2);
  std::vector<MemberShares::Taken> held;
  const auto take = [&](uid_t member) {
    auto taken = shares.take(member);
    if (taken) held.push_back(std::move(*taken));
    return taken.has_value();
  };
  EXPECT_TRUE(take(1000) && take(1000));
  EXPECT_FALSE(take(1000));
  EXPECT_TRUE(shares.has_its_share(1000));
  EXPECT_TRUE(take(1001)) << "another member is served";
  EXPECT_TRUE(take(0) && !shares.has_its_share(0));
  EXPECT_TRUE(take(0));
  EXPECT_FALSE(take(1002)) << "all are taken";
  EXPECT_FALSE(shares.has_its_share(1002));
  held.clear();
  EXPECT_TRUE(take(1000) && take(1000) && take(1002)) << "what was given back is there again";
}

}  // namespace
}  // namespace schoolgate::app
