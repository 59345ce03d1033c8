#include "proxy/net/destination_guard.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace schoolgate::net {
namespace {

names::IpAddress ip(std::string_view text) { return names::IpAddress::parse(text).value(); }
Endpoint at(std::string_view text) { return Endpoint::parse(text).value(); }

std::optional<FailureKind> verdict(const DestinationGuard& guard, std::string_view destination) {
  const auto failure = guard.check(at(destination));
  return failure ? std::optional(failure->kind) : std::nullopt;
}

TEST(DestinationGuard, RefusesWhatIsNotThePublicInternet) {
  const DestinationGuard guard;
  for (const char* inward :
       {"127.0.0.1:80", "10.0.0.1:443", "172.16.3.4:443", "192.168.1.1:80", "169.254.169.254:80", "100.64.0.1:80",
        "0.0.0.0:80", "224.0.0.1:80", "255.255.255.255:80", "[::1]:80", "[::]:80", "[fe80::1]:80", "[fd00::1]:443",
        "[ff02::1]:80", "[::ffff:10.0.0.1]:80", "[64:ff9b::a00:1]:443", "[2002:a00:1::]:443"})
    EXPECT_EQ(verdict(guard, inward), FailureKind::destination_refused) << inward;
  for (const char* outward : {"9.9.9.9:443", "[2620:fe::fe]:443"}) EXPECT_EQ(verdict(guard, outward), std::nullopt);
}

TEST(DestinationGuard, AllowsWhatTheSchoolLists) {
  const DestinationGuard guard(
      {.allow_private = {*names::IpNetwork::parse("10.20.0.0/16")}, .listening = {}, .own_addresses = {}});
  EXPECT_EQ(verdict(guard, "10.20.1.1:443"), std::nullopt);
  EXPECT_EQ(verdict(guard, "10.21.1.1:443"), FailureKind::destination_refused);
}

TEST(DestinationGuard, ItselfIsALoopEvenWhereItsNetworkIsAllowed) {
  const DestinationGuard guard(
      {.allow_private = {*names::IpNetwork::parse("127.0.0.0/8"), *names::IpNetwork::parse("10.0.0.0/8")},
       .listening = {at("127.0.0.1:8080"), at("0.0.0.0:8081"), at("[::]:8443")},
       .own_addresses = {ip("10.1.1.1"), ip("203.0.113.9"), ip("2001:db8::9")}});
  for (const char* own : {"127.0.0.1:8080", "127.9.9.9:8081", "10.1.1.1:8081", "203.0.113.9:8081", "0.0.0.0:8080",
                          "[2001:db8::9]:8443", "[::1]:8443"})
    EXPECT_EQ(verdict(guard, own), FailureKind::loop) << own;
  EXPECT_EQ(verdict(guard, "127.0.0.1:9000"), std::nullopt);
  EXPECT_EQ(verdict(guard, "10.1.1.2:8081"), std::nullopt);
}

TEST(DestinationGuard, NoPortOfItsOwnAddressesIsDialled) {
  const DestinationGuard guard(
      {.allow_private = {*names::IpNetwork::parse("10.0.0.0/8"), *names::IpNetwork::parse("127.0.0.0/8")},
       .listening = {at("0.0.0.0:8081")},
       .own_addresses = {ip("10.1.1.1"), ip("9.9.9.9"), ip("2620:fe::9"), ip("127.0.0.1")}});
  for (const char* own :
       {"9.9.9.9:80", "9.9.9.9:443", "9.9.9.9:8022", "[2620:fe::9]:443", "[64:ff9b::9.9.9.9]:443", "10.1.1.1:80"})
    EXPECT_EQ(verdict(guard, own), FailureKind::destination_refused) << own;
  EXPECT_EQ(verdict(guard, "9.9.9.10:80"), std::nullopt);
  EXPECT_EQ(verdict(guard, "127.0.0.1:80"), std::nullopt);
}

TEST(DestinationGuard, AnOwnAddressThatIsListedByItselfMayBeDialled) {
  const DestinationGuard guard(
      {.allow_private = {*names::IpNetwork::parse("10.1.1.1")}, .own_addresses = {ip("10.1.1.1")}});
  EXPECT_EQ(verdict(guard, "10.1.1.1:80"), std::nullopt);
}

TEST(DestinationGuard, OnlyPortsOfWebServersAreDialled) {
  const DestinationGuard guard;
  for (const char* other :
       {"9.9.9.9:25", "9.9.9.9:22", "9.9.9.9:1", "9.9.9.9:1023", "9.9.9.9:6667", "9.9.9.9:10080", "[2620:fe::fe]:587"})
    EXPECT_EQ(verdict(guard, other), FailureKind::destination_refused) << other;
  for (const char* web : {"9.9.9.9:80", "9.9.9.9:443", "9.9.9.9:1024", "9.9.9.9:8080", "9.9.9.9:65535"})
    EXPECT_EQ(verdict(guard, web), std::nullopt) << web;
}

TEST(DestinationGuard, TheSchoolsOwnListOfPortsHolds) {
  const DestinationGuard guard({.ports = {80, 591}, .more_ports = {443}});
  for (const char* web : {"9.9.9.9:80", "9.9.9.9:591", "9.9.9.9:443"})
    EXPECT_EQ(verdict(guard, web), std::nullopt) << web;
  EXPECT_EQ(verdict(guard, "9.9.9.9:8080"), FailureKind::destination_refused);
}

TEST(DestinationGuard, AStrangersAddressLeadsToOnePortOfThePublicInternetAlone) {
  const DestinationGuard of_clients(
      {.allow_private = {*names::IpNetwork::parse("127.0.0.0/8"), *names::IpNetwork::parse("10.20.0.0/16"),
                         *names::IpNetwork::parse("9.9.9.7/32")},
       .listening = {at("9.9.9.8:80")},
       .own_addresses = {ip("9.9.9.7"), ip("9.9.9.8")},
       .ports = {80, 443, 8080},
       .more_ports = {8443}});
  const DestinationGuard guard = of_clients.for_strangers(80);
  EXPECT_EQ(verdict(guard, "9.9.9.9:80"), std::nullopt);
  EXPECT_EQ(verdict(guard, "[2620:fe::fe]:80"), std::nullopt);
  for (const char* refused : {"127.0.0.1:80", "10.20.0.1:80", "[::ffff:10.20.0.1]:80", "9.9.9.7:80", "9.9.9.9:443",
                              "9.9.9.9:8080", "9.9.9.9:8443"})
    EXPECT_EQ(verdict(guard, refused), FailureKind::destination_refused) << refused;
  EXPECT_EQ(verdict(guard, "9.9.9.8:80"), FailureKind::loop);
  EXPECT_EQ(verdict(of_clients, "10.20.0.1:80"), std::nullopt);
}

TEST(DestinationGuard, SaysWhatToDo) {
  const auto failure = DestinationGuard().check(at("10.0.0.1:443"));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->error.fault, Fault::client);
  EXPECT_NE(failure->error.next.find("allow_private"), std::string::npos);
}

TEST(DestinationGuard, KnowsThisMachinesAddresses) {
  const auto own = own_addresses();
  EXPECT_NE(std::ranges::find(own, ip("127.0.0.1")), own.end());
}

}  // namespace
}  // namespace schoolgate::net
