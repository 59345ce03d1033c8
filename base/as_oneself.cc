#include "base/as_oneself.h"

#include <unistd.h>

#include <cstdlib>

namespace schoolgate {

AsOneself::AsOneself() noexcept : user_(::geteuid()), group_(::getegid()) {
  if (::getuid() != 0 || user_ == 0) return;
  // Where this is refused, what needs root is refused too, and says so.
  if (::seteuid(0) == 0) [[maybe_unused]]
    const int own_group = ::setegid(::getgid());
}

AsOneself::~AsOneself() {
  if (::geteuid() == user_) return;
  if (::setegid(group_) != 0 || ::seteuid(user_) != 0) std::abort();
}

}  // namespace schoolgate
