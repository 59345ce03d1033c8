#include "casework/traffic.h"

#include <gmock/gmock.h>

#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using TrafficOfASite = DeskFixture;

TEST_F(TrafficOfASite, CountsRequestsHostsAndDevicesThatWereLetThrough) {
  decide({request(kSchoolDay, "spins.example"), request(kSchoolDay + 1s, "www.spins.example"),
          request(kSchoolDay + 2s, "www.spins.example"), request(kSchoolDay + 3s, "notspins.example"),
          request(kSchoolDay + 4s, "spins.example", "block"), request(kSchoolDay + 2h, "spins.example")});
  const auto traffic = traffic_of(decisions(), {"spins.example/wheel"}, kSchoolDay - 1h, kSchoolDay + 1h);
  ASSERT_TRUE(traffic.has_value()) << traffic.error().text();
  EXPECT_TRUE(traffic->kept);
  EXPECT_EQ(traffic->requests, 3u);
  EXPECT_EQ(traffic->devices, 1u);
  EXPECT_THAT(traffic->hosts, ElementsAre("www.spins.example", "spins.example"));
}

TEST_F(TrafficOfASite, SaysThatNothingIsKnownWhereNoDecisionsAreKept) {
  const auto traffic = traffic_of({}, {"spins.example"}, kSchoolDay - 1h, kSchoolDay + 1h);
  ASSERT_TRUE(traffic.has_value());
  EXPECT_FALSE(traffic->kept);
  EXPECT_THAT(traffic->hosts, IsEmpty());
}

}  // namespace
}  // namespace schoolgate::casework
