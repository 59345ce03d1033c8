// OpenSSL's error queue, emptied into words.
#pragma once

#include <string>

#include "base/error.h"

namespace schoolgate::tls {

/// The reason of the newest error of this thread, or "no reason given"; the queue is empty afterwards.
[[nodiscard]] std::string take_openssl_error();

/// "what: reason".
[[nodiscard]] std::unexpected<Error> fail_openssl(Fault fault, std::string what, std::string next = {});

}  // namespace schoolgate::tls
