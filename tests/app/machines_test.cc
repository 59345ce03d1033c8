// Limits are summed by device, and a device is not an address.
//
//   goes wrong when                                              | then
//   a device on the link takes one IPv6 address after another    | they are one machine
//   a router or bridge answers for a whole network               | its addresses are devices, with a larger sum
//   a device is behind a router                                  | its address, with its /64 beside it
//   the kernel is asked for every attempt                        | it is asked once a second at most
//   the kernel does not answer                                   | what was known stays
#include "app/machines.h"

#include <gtest/gtest.h>

namespace schoolgate::app {
namespace {

using namespace std::chrono_literals;

net::Neighbour at(const char* address, const char* mac) {
  return {.address = *names::IpAddress::parse(address), .mac = mac};
}

TEST(Machines, AllAddressesOfADeviceOnTheLinkAreOneMachine) {
  Machines machines([] {
    return std::vector{at("10.20.2.7", "02:00:00:00:00:07"), at("2001:db8::7", "02:00:00:00:00:07"),
                       at("2001:db8::77", "02:00:00:00:00:07"), at("10.20.2.8", "02:00:00:00:00:08")};
  });
  const SteadyTime now{1h};
  EXPECT_EQ(machines.of("10.20.2.7", now).device, "02:00:00:00:00:07");
  EXPECT_EQ(machines.of("2001:db8::7", now).device, "02:00:00:00:00:07");
  EXPECT_EQ(machines.of("2001:db8::77", now).device, "02:00:00:00:00:07");
  EXPECT_EQ(machines.of("10.20.2.8", now).device, "02:00:00:00:00:08");
}

TEST(Machines, ARouterIsNoDevice) {
  Machines machines([] {
    std::vector<net::Neighbour> all;
    for (int i = 1; i <= 9; ++i) all.push_back(at(("10.20.2." + std::to_string(i)).c_str(), "02:00:00:00:00:01"));
    return all;
  });
  const auto machine = machines.of("10.20.2.7", SteadyTime{1h});
  EXPECT_EQ(machine.device, "");
  EXPECT_EQ(machine.network, "02:00:00:00:00:01");
}

TEST(Machines, BehindARouterTheAddressCountsAndItsNetworkBesideIt) {
  Machines machines([] { return std::vector<net::Neighbour>(); });
  const SteadyTime now{1h};
  EXPECT_EQ(machines.of("10.20.2.7", now).network, "");
  const auto one = machines.of("2001:db8:0:1::7", now), other = machines.of("2001:db8:0:1:aaaa::9", now);
  EXPECT_EQ(one.device, "");
  EXPECT_EQ(one.network, "2001:db8:0:1::/64");
  EXPECT_EQ(one.network, other.network);
  EXPECT_EQ(machines.of("not an address", now).network, "");
}

TEST(Machines, TheKernelIsAskedOnceASecondAndItsSilenceTakesNothingAway) {
  int asked = 0;
  Machines machines([&]() -> Result<std::vector<net::Neighbour>> {
    if (++asked > 1) return fail(Fault::host, "no answer");
    return std::vector{at("10.20.2.7", "02:00:00:00:00:07")};
  });
  SteadyTime now{1h};
  for (int i = 0; i < 100; ++i) (void)machines.of("10.20.9." + std::to_string(i), now + 5ms * i);
  EXPECT_EQ(asked, 1);
  (void)machines.of("10.20.9.1", now + 2s);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(machines.of("10.20.2.7", now + 2s).device, "02:00:00:00:00:07");
}

}  // namespace
}  // namespace schoolgate::app
