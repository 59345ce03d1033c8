#include "identity/leases.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

using Format = LeaseFile::Format;
using test::address;
using test::day_at;

std::string unix_time(TimePoint time) { return std::to_string(time.time_since_epoch().count() / 1000); }

std::optional<Lease> lease_at(const LeaseReading& reading, std::string_view at) {
  const auto found = std::ranges::find(reading.leases, address(at), &Lease::address);
  return found == reading.leases.end() ? std::nullopt : std::optional(*found);
}

TEST(Leases, DnsmasqWithBothFamilies) {
  const std::string text = unix_time(day_at(20)) +
                           " 02:00:5e:10:00:01 10.20.1.5 amelias-laptop 01:02:00:5e:10:00:01\n" + unix_time(day_at(8)) +
                           " 02:00:5e:10:00:02 10.20.1.6 gone *\n" +
                           "0 02:00:5e:10:00:03 10.20.1.7 * *\n"
                           "duid 00:01:00:01:2a:bb:cc:dd:02:00:5e:10:00:01\n" +
                           unix_time(day_at(20)) + " 42 2001:db8::5 amelias-laptop 00:01:00:01:2a\n";
  const auto reading = read_leases(text, Format::dnsmasq, day_at(9));
  EXPECT_EQ(reading.leases.size(), 3u);
  EXPECT_EQ(reading.left_out, 0u);
  EXPECT_EQ(lease_at(reading, "10.20.1.5")->mac, "02:00:5e:10:00:01");
  EXPECT_EQ(lease_at(reading, "10.20.1.5")->name, "amelias-laptop");
  EXPECT_EQ(lease_at(reading, "10.20.1.5")->until, day_at(20));
  EXPECT_EQ(lease_at(reading, "10.20.1.7")->name, "");
  EXPECT_EQ(lease_at(reading, "10.20.1.7")->until, std::nullopt);
  EXPECT_EQ(lease_at(reading, "2001:db8::5")->mac, "");
}

TEST(Leases, DnsmasqMess) {
  const auto reading = read_leases(
      "\r\n# no comments in this format\nnot a lease\n1795338000 zz 10.20.1.5 a *\n99999999999999999999 "
      "02:00:5e:10:00:01 10.20.1.5 a *\n1795338000 02:00:5e:10:00:01 10.20.1.500 a *\n1795338000 02:00:5e:10:00:01",
      Format::dnsmasq, day_at(9));
  EXPECT_TRUE(reading.leases.empty());
  EXPECT_EQ(reading.left_out, 6u);
}

TEST(Leases, NamesOfMachinesAreMadeHarmless) {
  const auto reading = read_leases("0 02:00:5e:10:00:03 10.20.1.7 <b>Bad\x1b[0m\"'. *\n", Format::dnsmasq, day_at(9));
  EXPECT_EQ(lease_at(reading, "10.20.1.7")->name, "bBad0m");
  const auto longest =
      read_leases("0 02:00:5e:10:00:03 10.20.1.7 " + std::string(300, 'a') + " *\n", Format::dnsmasq, day_at(9));
  EXPECT_EQ(lease_at(longest, "10.20.1.7")->name.size(), 63u);
}

TEST(Leases, IscTheLastBlockOfAnAddressCounts) {
  constexpr std::string_view kText = R"(# The format of this file is documented in the dhcpd.leases(5) manual page.
authoring-byte-order little-endian;

lease 10.20.1.5 {
  starts 1 2026/11/23 07:00:00;
  ends 1 2026/11/23 19:00:00;
  binding state active;
  next binding state free;
  hardware ethernet 02:00:5e:10:00:01;
  uid "\001\002\000^\020\000\001";
  client-hostname "amelias-laptop";
}
lease 10.20.1.6 {
  starts epoch 1795417200; # Mon Nov 23 07:00:00 2026
  ends epoch 1795460400; # Mon Nov 23 19:00:00 2026
  binding state active;
  hardware ethernet 02:00:5e:10:00:02;
}
lease 10.20.1.7 {
  ends never;
  hardware ethernet 02:00:5e:10:00:03;
}
lease 10.20.1.8 {
  ends 1 2026/11/23 08:00:00;
  binding state active;
  hardware ethernet 02:00:5e:10:00:04;
}
lease 10.20.1.6 {
  ends 1 2026/11/23 08:30:00;
  binding state free;
  hardware ethernet 02:00:5e:10:00:02;
}
)";
  const auto reading = read_leases(kText, Format::isc, day_at(9));
  EXPECT_EQ(reading.leases.size(), 2u);
  EXPECT_EQ(reading.left_out, 0u);
  EXPECT_EQ(lease_at(reading, "10.20.1.5")->name, "amelias-laptop");
  EXPECT_EQ(lease_at(reading, "10.20.1.5")->until, day_at(19));
  EXPECT_EQ(lease_at(reading, "10.20.1.7")->until, std::nullopt);
}

TEST(Leases, IscEpochTimes) {
  const auto reading =
      read_leases("lease 10.20.1.6 {\n  ends epoch 1795460400; # x\n  hardware ethernet 02:00:5e:10:00:02;\n}\n",
                  Format::isc, day_at(9));
  EXPECT_EQ(lease_at(reading, "10.20.1.6")->until, TimePoint(std::chrono::seconds(1795460400)));
}

TEST(Leases, IscMess) {
  const auto reading = read_leases(
      "lease nowhere {\n}\nlease 10.20.1.1 {\n  hardware token-ring 1;\n}\nlease 10.20.1.2 {\n  ends 1 yesterday;\n}\n"
      "lease 10.20.1.3 {\n}\nlease 10.20.1.4 {\nlease 10.20.1.5 {\n  hardware ethernet 02:00:5e:10:00:05;\n}\n}\n"
      "lease 10.20.1.6 {\n  hardware ethernet 02:00:5e:10:00:06;\n",
      Format::isc, day_at(9));
  ASSERT_EQ(reading.leases.size(), 1u);
  EXPECT_EQ(reading.leases[0].address, address("10.20.1.5"));
  EXPECT_EQ(reading.left_out, 6u);
}

TEST(Leases, KeaNamesItsColumns) {
  const std::string text =
      "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n"
      "10.20.1.5,02:00:5e:10:00:01,01:02:00:5e:10:00:01,3600," +
      unix_time(day_at(20)) +
      ",1,0,0,amelias&#x2claptop,0,,0\n"
      "10.20.1.6,02:00:5e:10:00:02,,3600," +
      unix_time(day_at(20)) +
      ",1,0,0,,0,,0\n"
      "10.20.1.6,02:00:5e:10:00:02,,3600," +
      unix_time(day_at(20)) +
      ",1,0,0,,2,,0\n"
      "10.20.1.7,,,3600," +
      unix_time(day_at(20)) +
      ",1,0,0,declined,0,,0\n"
      "garbage\n";
  const auto reading = read_leases(text, Format::kea, day_at(9));
  ASSERT_EQ(reading.leases.size(), 1u);
  EXPECT_EQ(reading.leases[0].name, "ameliaslaptop");
  EXPECT_EQ(reading.left_out, 2u);
}

TEST(Leases, KeaWithoutItsHeaderGivesNothing) {
  const auto reading =
      read_leases("10.20.1.5,02:00:5e:10:00:01,,3600,1795460400,1,0,0,a,0,,0\n", Format::kea, day_at(9));
  EXPECT_TRUE(reading.leases.empty());
  EXPECT_EQ(reading.left_out, 1u);
}

TEST(Leases, AFloodOfLeasesIsBounded) {
  std::string text;
  for (std::uint32_t i = 0; i < kMostLeases + 10; ++i)
    text += "0 02:00:5e:10:00:03 " + names::IpAddress::v4(0x0A000000 + i).text() + " * *\n";
  const auto reading = read_leases(text, Format::dnsmasq, day_at(9));
  EXPECT_EQ(reading.leases.size(), kMostLeases);
  EXPECT_EQ(reading.left_out, 10u);
}

TEST(LeaseFiles, AreReadAgainWhenTheyChange) {
  const test::ScratchState state;
  const auto file = state.write("dnsmasq.leases", "0 02:00:5e:10:00:01 10.20.1.5 a *\n");
  LeaseFiles files({{file, Format::dnsmasq}, {state.folder() / "absent", Format::kea}});
  const auto first = files.changed(day_at(9));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), 1u);
  EXPECT_FALSE(files.changed(day_at(9)));
  state.write("dnsmasq.leases", "0 02:00:5e:10:00:01 10.20.1.5 a *\n0 02:00:5e:10:00:02 10.20.1.6 b *\nx\n");
  EXPECT_EQ(files.changed(day_at(9))->size(), 2u);
  EXPECT_EQ(files.left_out(), 1u);
  std::filesystem::remove(file);
  EXPECT_TRUE(files.changed(day_at(9))->empty());
  EXPECT_FALSE(files.changed(day_at(9)));
}

}  // namespace
}  // namespace schoolgate::identity
