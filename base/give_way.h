// Less urgent than the rest of the process: for work that nobody waits for.
#pragma once

#include <sys/resource.h>

namespace schoolgate {

/// While both want the processor, the thread that calls gets about a tenth of what a thread of the priority that it had
/// gets, and all of it while nobody else wants it. On Linux a thread has a nice value of its own (setpriority(2), "C
/// library/kernel differences"); where it cannot be set nothing changes. Never for a thread that a request, a page or a
/// lock's next owner waits for.
inline void give_way() noexcept { ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + 10); }

}  // namespace schoolgate
