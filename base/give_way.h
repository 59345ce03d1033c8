// Less urgent than the rest of the process: for threads that nobody's web page waits for.
#pragma once

#include <sys/resource.h>

namespace schoolgate {

/// The thread that calls gets about a tenth of what a worker gets while both want the processor, and all of it while no
/// worker does. On Linux a thread has a nice value of its own (setpriority(2), "C library/kernel differences"); where
/// it cannot be set nothing changes. Never for a thread that a worker waits for.
inline void give_way_to_workers() noexcept { ::setpriority(PRIO_PROCESS, 0, 10); }

}  // namespace schoolgate
