// The one place where a host takes its canonical form; Host and Url both write through it.
//
// Pure function, any thread. A plain ASCII name costs one scan and no allocation of its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "names/ip_address.h"

namespace schoolgate::names {

/// Appends the canonical form of `text` (see Host) to `out` and tells the address if it is one. After an error `out` is
/// as it was.
[[nodiscard]] Result<std::optional<IpAddress>> append_canonical_host(std::string_view text, std::string& out);

/// "192.0.2.1" or "[2001:db8::1]".
void append_address(const IpAddress& address, std::string& out);

}  // namespace schoolgate::names
