// Whether a time server keeps the machine's clock: what the kernel says of it, or systemd's own client.
#pragma once

#include "base/clock.h"

namespace schoolgate::net {

/// True when the clock that `wall` was just read from is kept right. False also when it cannot be known: the kernel may
/// not be asked, or it speaks of another clock than the one that this process is given. Any thread but a worker's.
[[nodiscard]] bool is_clock_kept_right(TimePoint wall) noexcept;

}  // namespace schoolgate::net
