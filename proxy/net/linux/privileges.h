// Capabilities: what root may do, in pieces. The gateway keeps the one or two pieces that it uses and no way to more.
#pragma once

#include <initializer_list>

#include "base/error.h"

namespace schoolgate::net {

/// The pieces that the gateway has a use for.
enum class Capability {
  bind_service,  ///< CAP_NET_BIND_SERVICE: ports below 1024, until every listener is there
  net_admin,     ///< CAP_NET_ADMIN: transparent sockets and marks on the gateway's own connections
};

/// This thread, and the threads and programs that it starts from now on, have those of `keep` that they have now, no
/// others, and can gain none (no_new_privs; a program that is started has none at all unless it is root's, and then
/// those of `keep`). To be called on the main thread before there is another, and again when less is enough. Fault
/// host.
[[nodiscard]] Result<void> keep_capabilities(std::initializer_list<Capability> keep);

/// Nothing of this process's memory is written to disk when it dies, and no other process of this user can read it
/// (PR_SET_DUMPABLE, RLIMIT_CORE). Fault host.
[[nodiscard]] Result<void> leave_no_core();

}  // namespace schoolgate::net
