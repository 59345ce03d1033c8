// Machines with hardware addresses of their own, in network namespaces: dnsmasq gives one an address, the neighbour
// table sees it, another machine takes the address over, and whoever was signed in there is not believed any more.
// Needs root, ip and dnsmasq; without root the program ends with 77, which CTest reports as not run.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "identity/leases.h"
#include "identity/session_book.h"
#include "proxy/net/linux/neighbours.h"
#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

/// A pupil's machine on the gateway's own link "school".
class Machine {
 public:
  Machine(std::string name, const std::string& mac) : name_(std::move(name)) {
    run("ip netns add " + name_);
    run("ip link add " + name_ + "-gw type veth peer name eth0 address " + mac + " netns " + name_);
    run("ip link set " + name_ + "-gw master school up");
    in("ip link set lo up");
    in("ip link set eth0 up");
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() { (void)std::system(("ip netns del " + name_).c_str()); }
  /// A datagram to a closed port of the gateway, and its refusal: both kernels know each other's machine afterwards.
  void speaks_to(const std::string& gateway) const {
    in("/usr/bin/python3 -c 'import socket, sys\n"
       "family, kind, _, _, to = socket.getaddrinfo(sys.argv[1], 9, type=socket.SOCK_DGRAM)[0]\n"
       "s = socket.socket(family, kind)\n"
       "s.settimeout(10)\n"
       "s.connect(to)\n"
       "s.send(b\"x\")\n"
       "try: s.recv(1)\n"
       "except ConnectionRefusedError: pass\n' " +
       gateway);
  }
  void in(const std::string& command) const { run("ip netns exec " + name_ + " " + command); }

 private:
  std::string name_;
};

std::vector<DeviceSeen> on_the_link() {
  std::vector<DeviceSeen> seen;
  const auto neighbours = net::read_neighbours();
  EXPECT_TRUE(neighbours);
  for (const auto& neighbour : *neighbours)
    seen.push_back({.address = neighbour.address, .mac = neighbour.mac, .name = {}, .on_the_link = true});
  return seen;
}

std::string mac_at(const std::vector<DeviceSeen>& seen, const names::IpAddress& address) {
  const auto found = std::ranges::find(seen, address, &DeviceSeen::address);
  return found == seen.end() ? "" : found->mac;
}

TEST(OnTheLink, ALeaseANeighbourAndAnotherMachineAtTheAddress) {
  const test::ScratchState state;
  run("ip link add school type bridge && ip link set school up && ip addr add 10.20.1.1/24 dev school && "
      "ip addr add 2001:db8::1/64 dev school nodad");
  // The kernel takes no other MAC for an address within this time of the last one (arp(7)): a second, unless told.
  run("echo 0 >/proc/sys/net/ipv4/neigh/school/locktime");
  const std::string leases = (state.folder() / "dnsmasq.leases").string(), pid = (state.folder() / "pid").string();
  // It goes to the background once it listens.
  run("dnsmasq --conf-file=/dev/null --user=root --port=0 --interface=school --bind-interfaces --no-ping "
      "--dhcp-range=10.20.1.50,10.20.1.60,1h --dhcp-authoritative --dhcp-leasefile=" +
      leases + " --pid-file=" + pid);
  std::string address_text;
  {
    const Machine laptop("laptop", "02:00:5e:10:00:01");
    laptop.in("/usr/bin/python3 " SCHOOLGATE_SOURCE_DIR "/tests/identity/dhcp_client.py eth0 amelias-laptop >" +
              (state.folder() / "address").string());
    std::ifstream(state.folder() / "address") >> address_text;
    const auto address = test::address(address_text);

    LeaseFiles files({{leases, LeaseFile::Format::dnsmasq}});
    const auto read = files.changed(wall_now());
    ASSERT_TRUE(read);
    ASSERT_EQ(read->size(), 1u) << *read_file(leases);
    EXPECT_EQ(read->at(0).address, address);
    EXPECT_EQ(read->at(0).mac, "02:00:5e:10:00:01");
    EXPECT_EQ(read->at(0).name, "amelias-laptop");
    EXPECT_EQ(files.left_out(), 0u);

    laptop.in("ip addr add 2001:db8::5/64 dev eth0 nodad");
    laptop.speaks_to("10.20.1.1");
    laptop.speaks_to("2001:db8::1");
    const auto seen = on_the_link();
    EXPECT_EQ(mac_at(seen, address), "02:00:5e:10:00:01");
    EXPECT_EQ(mac_at(seen, test::address("2001:db8::5")), "02:00:5e:10:00:01");
    run("ip neigh replace 10.20.1.99 lladdr 02:00:5e:10:00:99 nud stale dev school");
    EXPECT_EQ(mac_at(on_the_link(), test::address("10.20.1.99")), "02:00:5e:10:00:99");
    EXPECT_TRUE(net::read_neighbours(std::chrono::milliseconds(-1))->empty());  // nobody was there before now
  }

  rules::PresenceStore store;
  SessionBook book({.order = {Source::sign_in}, .rules = {}}, store, [](TimePoint) { return 540; }, {});
  const auto address = test::address(address_text);
  book.devices_seen(on_the_link(), moment_now());
  book.signed_in({.address = address, .person = {.user = "amelia"}, .source = Source::sign_in}, moment_now());
  EXPECT_EQ(store.current()->at(address)->person->user, "amelia");

  const Machine other("other", "02:00:5e:10:00:02");
  other.in("ip addr add " + address_text + "/24 dev eth0");
  other.speaks_to("10.20.1.1");
  book.devices_seen(on_the_link(), moment_now());
  EXPECT_EQ(book.counters().mac_changes, 1u);
  EXPECT_FALSE(store.current()->at(address)->person);
  EXPECT_EQ(store.current()->at(address)->device.mac, "02:00:5e:10:00:02");
  run("kill $(cat " + pid + ")");
}

}  // namespace
}  // namespace schoolgate::identity

int main(int count, char** words) {
  if (::geteuid() != 0) return 77;
  testing::InitGoogleTest(&count, words);
  return RUN_ALL_TESTS();
}
