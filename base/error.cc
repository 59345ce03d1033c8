#include "base/error.h"

#include <system_error>

namespace schoolgate {

std::string_view to_string(Fault fault) noexcept {
  switch (fault) {
    case Fault::client: return "client";
    case Fault::upstream: return "upstream";
    case Fault::config: return "config";
    case Fault::host: return "host";
    case Fault::self: return "self";
  }
  return "self";
}

std::string Error::text() const { return next.empty() ? what : what + "; " + next; }

std::unexpected<Error> fail_errno(std::string what, int errno_value, std::string next) {
  return fail(Fault::host, std::move(what) + ": " + std::generic_category().message(errno_value), std::move(next));
}

}  // namespace schoolgate
