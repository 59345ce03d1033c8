// The printed ruleset, loaded for real: a pupil's machine, a gateway and a server in network namespaces of their own.
// Needs root, nft and ip; without root the program ends with 77, which CTest reports as not run.
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include "proxy/net/linux/firewall.h"
#include "proxy/net/linux/firewall_watch.h"
#include "proxy/net/linux/original_destination.h"
#include "proxy/net/listener.h"
#include "tests/proxy/net/loop.h"

namespace schoolgate::net {
namespace {

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

Endpoint interception_at(std::string_view text) { return Endpoint::parse(text).value(); }

class Namespace {
 public:
  explicit Namespace(const std::string& role) : name_("sg-" + role + "-" + std::to_string(::getpid())) {
    run("ip netns add " + name_);
    ip("link set lo up");
  }
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;
  ~Namespace() { (void)std::system(("ip netns del " + name_).c_str()); }

  void ip(const std::string& arguments) const { run("ip -n " + name_ + " " + arguments); }
  void execute(const std::string& command) const { run("ip netns exec " + name_ + " " + command); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
};

/// Sockets that are made while this lives belong to `where`.
class Inside {
 public:
  explicit Inside(const Namespace& where) : before_(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
    const FileDescriptor there(::open(("/var/run/netns/" + where.name()).c_str(), O_RDONLY | O_CLOEXEC));
    if (::setns(there.get(), CLONE_NEWNET) != 0) throw std::runtime_error("setns");
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { ::setns(before_.get(), CLONE_NEWNET); }

 private:
  FileDescriptor before_;
};

/// errno of a connection attempt by a machine, 0 when it succeeded.
struct Tried {
  FileDescriptor fd;
  int error = 0;
};
Tried try_connect(const Namespace& from, const Endpoint& to, int type = SOCK_STREAM) {
  const Inside inside(from);
  const SocketAddress address = to_socket_address(to);
  Tried out{FileDescriptor(::socket(address.storage.ss_family, type | SOCK_CLOEXEC, 0))};
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(out.fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(out.fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(out.fd.get(), address.get(), address.length) != 0) out.error = errno;
  return out;
}

class InterceptionTest : public Loop {
 protected:
  InterceptionTest() {
    link(pupil, "10.20.1.2/24", "fd20::2/64", "in", "10.20.1.1/24", "fd20::1/64");
    link(server, "198.51.100.9/24", "2001:db8:51::9/64", "out", "198.51.100.1/24", "2001:db8:51::1/64");
    for (const char* route : {"-4 route add default via 10.20.1.1", "-6 route add default via fd20::1"})
      pupil.ip(route);
    for (const char* route : {"-4 route add default via 198.51.100.1", "-6 route add default via 2001:db8:51::1"})
      server.ip(route);
    gateway.execute("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  }

  void link(const Namespace& peer, const std::string& v4, const std::string& v6, const std::string& arm,
            const std::string& gateway_v4, const std::string& gateway_v6) {
    gateway.ip("link add " + arm + " type veth peer name eth0 netns " + peer.name());
    gateway.ip("addr add " + gateway_v4 + " dev " + arm);
    gateway.ip("addr add " + gateway_v6 + " dev " + arm + " nodad");
    peer.ip("addr add " + v4 + " dev eth0");
    peer.ip("addr add " + v6 + " dev eth0 nodad");
    gateway.ip("link set " + arm + " up");
    peer.ip("link set eth0 up");
  }

  void load(FirewallPlan plan) {
    const std::string rules = firewall_rules(plan).value();
    std::string path = (std::filesystem::temp_directory_path() / "schoolgate-rules-XXXXXX").string();
    const FileDescriptor file(::mkstemp(path.data()));
    ASSERT_EQ(::write(file.get(), rules.data(), rules.size()), ssize_t(rules.size()));
    gateway.execute("nft -c -f " + path);
    gateway.execute("nft -f " + path);
    gateway.execute("nft -f " + path);  // again: it replaces itself
    ::unlink(path.c_str());
  }

  void listen(Listener::Kind kind) {
    const Inside inside(gateway);
    for (const char* where : {"0.0.0.0:8081", "0.0.0.0:8443", "[::]:8081", "[::]:8443"}) {
      auto made = Listener::open(executor(), interception_at(where), kind);
      ASSERT_TRUE(made) << made.error().text();
      (*made)->start([this](Accepted connection) { accepted.push_back(std::move(connection)); });
      listeners.push_back(std::move(*made));
    }
  }

  void expect_intercepted(Interception how) {
    for (const char* where : {"198.51.100.9:80", "198.51.100.9:443", "[2001:db8:51::9]:80", "[2001:db8:51::9]:443"}) {
      SCOPED_TRACE(where);
      accepted.clear();
      const Tried tried = try_connect(pupil, interception_at(where));
      ASSERT_EQ(tried.error, 0);
      run_until([&] { return accepted.size() == 1; });
      const auto original = original_destination(accepted[0].fd.get(), how);
      ASSERT_TRUE(original) << original.error().text();
      EXPECT_EQ(*original, interception_at(where));
      EXPECT_EQ(accepted[0].peer, *local_endpoint(tried.fd.get()));
      send_text(accepted[0].fd, "from the gateway");
      ::shutdown(accepted[0].fd.get(), SHUT_WR);
      EXPECT_EQ(read_to_end(tried.fd), "from the gateway");
    }
  }

  void expect_refused_detours() {
    // Past the filter: QUIC, DNS over TLS and QUIC. The refusal arrives, so browsers fall back at once.
    for (const char* where : {"198.51.100.9:443", "[2001:db8:51::9]:443", "198.51.100.9:853", "[2001:db8:51::9]:853"}) {
      SCOPED_TRACE(where);
      const Tried datagram = try_connect(pupil, interception_at(where), SOCK_DGRAM);
      send_text(datagram.fd, "initial");
      char byte;
      EXPECT_EQ(::recv(datagram.fd.get(), &byte, 1, 0), -1);
      EXPECT_EQ(errno, ECONNREFUSED);
    }
    for (const char* where : {"198.51.100.9:853", "[2001:db8:51::9]:853"})
      EXPECT_EQ(try_connect(pupil, interception_at(where)).error, ECONNREFUSED) << where;
    // The transparent ports asked for by number.
    for (const char* where : {"10.20.1.1:8081", "10.20.1.1:8443", "[fd20::1]:8081", "[fd20::1]:8443"})
      EXPECT_EQ(try_connect(pupil, interception_at(where)).error, ECONNREFUSED) << where;
  }

  void expect_only_the_open_port_to_pass() {
    const Inside inside(server);
    for (const char* where :
         {"198.51.100.9:2222", "[2001:db8:51::9]:2222", "198.51.100.9:2223", "[2001:db8:51::9]:2223"}) {
      const SocketAddress address = to_socket_address(interception_at(where));
      const FileDescriptor listener(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
      ASSERT_EQ(::bind(listener.get(), address.get(), address.length), 0);
      ASSERT_EQ(::listen(listener.get(), 4), 0);
      const bool open = std::string_view(where).ends_with(":2222");
      EXPECT_EQ(try_connect(pupil, interception_at(where)).error, open ? 0 : ECONNREFUSED) << where;
    }
    // What the gateway itself sends to port 80 reaches the server, not the gateway.
    const SocketAddress web = to_socket_address(interception_at("198.51.100.9:80"));
    const FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listener.get(), web.get(), web.length), 0);
    ASSERT_EQ(::listen(listener.get(), 4), 0);
    EXPECT_EQ(try_connect(gateway, interception_at("198.51.100.9:80")).error, 0);
    EXPECT_TRUE(FileDescriptor(::accept(listener.get(), nullptr, nullptr)));
  }

  Namespace pupil{"pupil"}, gateway{"gateway"}, server{"server"};
  std::vector<std::shared_ptr<Listener>> listeners;
  std::vector<Accepted> accepted;
};

FirewallPlan interception_plan(Interception mode) {
  FirewallPlan out;
  out.mode = mode;
  out.inside = {"in"};
  out.networks = {{*names::IpNetwork::parse("10.20.0.0/16"), {{2222, false}}},
                  {*names::IpNetwork::parse("fd20::/16"), {{2222, false}}}};
  return out;
}

TEST_F(InterceptionTest, RedirectBringsTheWebToTheGateway) {
  load(interception_plan(Interception::redirect));
  listen(Listener::Kind::ordinary);
  expect_intercepted(Interception::redirect);
  expect_refused_detours();
  expect_only_the_open_port_to_pass();
}

TEST_F(InterceptionTest, TproxyBringsTheWebToTheGateway) {
  load(interception_plan(Interception::tproxy));
  for (const char* family : {"-4 ", "-6 "}) {
    gateway.ip(family + std::string("rule add fwmark 0x1 lookup 100"));
    gateway.ip(family + std::string("route add local default dev lo table 100"));
  }
  listen(Listener::Kind::tproxy);
  expect_intercepted(Interception::tproxy);
  expect_refused_detours();
  expect_only_the_open_port_to_pass();
}

TEST_F(InterceptionTest, AConnectionThatWasNotRedirectedHasNoOriginalDestination) {
  listen(Listener::Kind::ordinary);  // no ruleset at all
  const Tried tried = try_connect(pupil, interception_at("10.20.1.1:8081"));
  ASSERT_EQ(tried.error, 0);
  run_until([&] { return accepted.size() == 1; });
  const auto original = original_destination(accepted[0].fd.get(), Interception::redirect);
  ASSERT_FALSE(original);
  EXPECT_EQ(original.error().fault, Fault::client);
}

TEST_F(InterceptionTest, WithoutListenersTheWebIsClosedNotOpen) {
  load(interception_plan(Interception::redirect));
  const Inside inside(server);
  const SocketAddress web = to_socket_address(interception_at("198.51.100.9:80"));
  const FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.get(), web.get(), web.length), 0);
  ASSERT_EQ(::listen(listener.get(), 4), 0);
  EXPECT_EQ(try_connect(pupil, interception_at("198.51.100.9:80")).error, ECONNREFUSED);
}

// --- the watch, on the kernel's own answers

TEST_F(InterceptionTest, TheWatchSeesWhatIsDoneToTheTable) {
  FirewallPlan loaded = interception_plan(Interception::redirect);
  const std::string from = loaded.made_from = fingerprint(loaded);
  FirewallWatch watch;
  const auto state = [&] {
    const Inside inside(gateway);
    const FirewallReport report = watch.look(from);
    EXPECT_NE(report.state, FirewallState::unknown) << report.why;
    return report.state;
  };
  EXPECT_EQ(state(), FirewallState::missing);
  gateway.execute("nft add table inet other");
  EXPECT_EQ(state(), FirewallState::missing);
  for (const char* harm : {"insert rule inet schoolgate leaving accept", "flush chain inet schoolgate spoofed",
                           "add chain inet schoolgate more { type filter hook forward priority -10 \\; }",
                           "flush table inet schoolgate"}) {
    SCOPED_TRACE(harm);
    load(loaded);
    EXPECT_EQ(state(), FirewallState::in_force);
    gateway.execute("nft " + std::string(harm));
    EXPECT_EQ(state(), FirewallState::changed);
  }
  load(loaded);
  EXPECT_EQ(state(), FirewallState::in_force);
  EXPECT_EQ(watch
                .judge(
                    [&] {
                      const Inside inside(gateway);
                      return read_firewall().value();
                    }(),
                    "ba9876543210")
                .state,
            FirewallState::changed);
  // A rule in the place of another: the number of rules says nothing.
  gateway.execute(
      "sh -c \"nft -a list chain inet schoolgate guard | sed -n 's/.*# handle //p' | tail -1 |"
      " xargs -I% nft replace rule inet schoolgate guard handle % accept\"");
  EXPECT_EQ(state(), FirewallState::changed);
  gateway.execute("nft flush ruleset");
  EXPECT_EQ(state(), FirewallState::missing);
}

TEST_F(InterceptionTest, WhatPassesTheFilterChangesNothing) {
  FirewallPlan loaded = interception_plan(Interception::redirect);
  loaded.made_from = fingerprint(loaded);
  load(loaded);
  FirewallWatch watch;
  const auto state = [&] {
    const Inside inside(gateway);
    return watch.look(loaded.made_from).state;
  };
  EXPECT_EQ(state(), FirewallState::in_force);
  expect_refused_detours();  // counters move
  EXPECT_EQ(state(), FirewallState::in_force);
  load(loaded);
  EXPECT_EQ(state(), FirewallState::in_force);
}

TEST_F(InterceptionTest, AWatchThatMayNotLookSaysSo) {
  load(interception_plan(Interception::redirect));
  const Inside inside(gateway);
  // A thread without the capability: what a gateway without transparent listeners is.
  std::thread([] {
    __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2]{};
    ASSERT_EQ(::syscall(SYS_capset, &head, none), 0);
    const FirewallReport report = FirewallWatch().look("0123456789ab");
    EXPECT_EQ(report.state, FirewallState::unknown);
    EXPECT_TRUE(report.next.contains("CAP_NET_ADMIN")) << report.next;
  }).join();
}

TEST_F(InterceptionTest, EveryShapeOfTheRulesetIsValid) {
  for (const auto topology : {Topology::routed, Topology::bridge, Topology::one_armed})
    for (const auto mode : {Interception::redirect, Interception::tproxy})
      for (const int families : {0, 1, 2, 3})
        for (const bool interface : {true, false}) {
          FirewallPlan shape;
          shape.topology = topology;
          shape.mode = mode;
          if (topology == Topology::bridge && (mode == Interception::tproxy || !interface)) continue;
          if (interface) shape.inside = {"in", "in2"};
          for (const bool v4 : {true, false}) {
            if ((families & (v4 ? 1 : 2)) == 0) continue;
            const auto network = *names::IpNetwork::parse(v4 ? "10.20.0.0/16" : "fd20::/16");
            shape.networks.push_back({network, {{22, false}, {123, true}}});
            shape.servers.push_back(network);
            shape.resolvers.push_back(*names::IpAddress::parse(v4 ? "192.0.2.53" : "2001:db8::53"));
          }
          load(shape);
          if (mode == Interception::redirect) {
            shape.filter_own_except_uid = 990;
            load(shape);
          }
        }
}

}  // namespace
}  // namespace schoolgate::net

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (::geteuid() != 0) {
    std::cout << "not run: network namespaces need root\n";
    return 77;
  }
  return RUN_ALL_TESTS();
}
