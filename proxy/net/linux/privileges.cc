#include "proxy/net/linux/privileges.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace schoolgate::net {
namespace {

unsigned number_of(Capability capability) noexcept {
  return capability == Capability::bind_service ? CAP_NET_BIND_SERVICE : CAP_NET_ADMIN;
}

}  // namespace

Result<void> keep_capabilities(std::initializer_list<Capability> keep) {
  std::uint64_t kept = 0;
  for (const Capability capability : keep) kept |= std::uint64_t(1) << number_of(capability);

  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("privileges cannot be given up", errno);
  // Started programs inherit what is ambient; and root's programs what is in the bounding set. The latter takes
  // CAP_SETPCAP, which the service does not have: there systemd has bound it already.
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
    return fail_errno("inherited capabilities cannot be given up", errno);
  for (unsigned number = 0; ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number)
    if ((kept >> number & 1) == 0 && ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0 && errno != EPERM)
      return fail_errno("capabilities cannot be given up", errno);

  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) != 0) return fail_errno("capabilities cannot be read", errno);
  for (unsigned half = 0; half < 2; ++half) {
    const auto mask = std::uint32_t(kept >> (32 * half));
    data[half].permitted &= mask;
    data[half].effective = data[half].permitted;
    data[half].inheritable = 0;
  }
  if (::syscall(SYS_capset, &header, data) != 0) return fail_errno("capabilities cannot be given up", errno);
  return {};
}

Result<void> leave_no_core() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return fail_errno("core dumps cannot be switched off", errno);
  return {};
}

}  // namespace schoolgate::net
