// Root that works as somebody else is root again, for a moment.
#pragma once

#include <sys/types.h>

namespace schoolgate {

/// For a scope, of a process with one thread that is root by its real user: the effective user and group are the real
/// ones. Does nothing for anybody else. A process that could not go back afterwards ends: it would go on as root.
class AsOneself {
 public:
  AsOneself() noexcept;
  ~AsOneself();
  AsOneself(const AsOneself&) = delete;
  AsOneself& operator=(const AsOneself&) = delete;

 private:
  uid_t user_;
  gid_t group_;
};

}  // namespace schoolgate
