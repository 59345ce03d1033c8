// What this program may still ask of the kernel: a filter of system calls (seccomp) that cannot be taken off again.
//
// An attacker who breaks a parser has the calls of that thread, and no others: no program is started from a worker,
// nothing is mounted, loaded, traced or reprogrammed from anywhere. Three plans, each a table in sandbox.cc that was
// measured (strace under the end-to-end tests) and given what libraries do on other days: names by getaddrinfo, LDAP
// and Kerberos, fonts, SQLite.
//
//     gateway      once, on the main thread, before there is another: `schoolgate run` and all that it starts
//     worker       on each worker's thread, on top of it: opens for reading only, starts nothing, listens nowhere new
//     key_holder   the process with the authority's key: one socket, memory, and the clock
//
// A call that is in no table fails as on a kernel that does not have it (ENOSYS), which libraries know how to go round;
// the audit log names it where there is one. A call that only an intruder makes kills the process: systemd starts a new
// one.
#pragma once

#include "base/error.h"

namespace schoolgate::net {

enum class Confinement { gateway, worker, key_holder };

/// From here on this thread, and every thread and process that it starts, is confined; calls after the first confine it
/// further. Also sets no_new_privs. Fault host where the kernel has no seccomp: the caller decides whether to serve.
[[nodiscard]] Result<void> confine(Confinement what);

}  // namespace schoolgate::net
