#include "proxy/net/linux/privileges.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <string>

namespace schoolgate::net {
namespace {

constexpr std::uint64_t kBindService = 1u << 10, kNetAdmin = 1u << 12;  // capabilities(7)

// A line of /proc/self/status that is a set of capabilities.
std::uint64_t status(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1), nullptr, 16);
  return ~std::uint64_t(0);
}

// What `act` says in a process of its own, so that this one keeps what it has.
bool in_a_child(const std::function<bool()>& act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Privileges, OnlyWhatIsKeptIsLeft) {
  const std::uint64_t before = status("CapPrm");
  EXPECT_TRUE(in_a_child([before] {
    if (!keep_capabilities({Capability::net_admin, Capability::bind_service})) return false;
    const std::uint64_t both = kNetAdmin | kBindService;
    return status("CapPrm") == (before & both) && status("CapEff") == (before & both) && status("CapInh") == 0 &&
           status("CapAmb") == 0;
  }));
}

TEST(Privileges, LessCanBeKeptLaterButNeverMore) {
  const std::uint64_t before = status("CapPrm");
  EXPECT_TRUE(in_a_child([before] {
    if (!keep_capabilities({Capability::net_admin}) ||
        !keep_capabilities({Capability::net_admin, Capability::bind_service}))
      return false;
    if (status("CapPrm") != (before & kNetAdmin)) return false;
    return keep_capabilities({}) && status("CapPrm") == 0 && status("CapEff") == 0;
  }));
}

TEST(Privileges, NothingThatIsStartedGainsAny) {
  EXPECT_TRUE(in_a_child([] {
    if (!keep_capabilities({})) return false;
    if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return false;
    return std::system("grep -qE '^CapEff:\\s0+$' /proc/self/status") == 0;  // of grep, which was started
  }));
}

TEST(Privileges, NoCoreIsLeft) {
  EXPECT_TRUE(in_a_child([] {
    if (!leave_no_core()) return false;
    rlimit limit{};
    return ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 && ::prctl(PR_GET_DUMPABLE) == 0;
  }));
}

}  // namespace
}  // namespace schoolgate::net
