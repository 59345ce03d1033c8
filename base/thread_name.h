// A name for the thread that calls: what top, gdb and the benchmark's split by thread show.
#pragma once

#include <pthread.h>

namespace schoolgate {

/// At most 15 characters; longer names are refused by the kernel and change nothing.
inline void name_this_thread(const char* name) noexcept { ::pthread_setname_np(::pthread_self(), name); }

}  // namespace schoolgate
