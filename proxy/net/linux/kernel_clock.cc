#include "proxy/net/linux/kernel_clock.h"

#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

namespace schoolgate::net {
namespace {

constexpr std::chrono::seconds kSameClock{5};

}  // namespace

bool is_clock_kept_right(TimePoint wall) noexcept {
  timex kernel{};
  // The system call by its own name: the C library would take clock_adjtime, for which the filter kills.
  const long state = ::syscall(SYS_adjtimex, &kernel);
  if (state < 0)  // a service whose unit says ProtectClock= may not even ask
    return ::access("/run/systemd/timesync/synchronized", F_OK) == 0;
  if (state == TIME_ERROR || (kernel.status & STA_UNSYNC) != 0) return false;
  const TimePoint kernels{std::chrono::seconds(kernel.time.tv_sec)};
  return wall - kernels < kSameClock && kernels - wall < kSameClock;
}

}  // namespace schoolgate::net
