// Names from lists in the canonical form of names/, with a short way for the millions that already have it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "names/ip_address.h"

namespace schoolgate::blocklists {

/// A host as it stands in a list. `text` points into the text or the scratch string that canonical_host was given.
struct CanonicalHost {
  std::string_view text;
  bool is_address = false;
};

/// Agrees with names::Host::parse on every input; plain lower- and upper-case ASCII names never reach it. A port and
/// surrounding dots are not removed here.
[[nodiscard]] Result<CanonicalHost> canonical_host(std::string_view text, std::string& scratch);

/// A network wider than one address ("192.0.2.0/24"); host bits past the prefix are cleared, as lists often leave them
/// set. Empty when `text` is no network.
[[nodiscard]] std::optional<names::IpNetwork> canonical_network(std::string_view text);

}  // namespace schoolgate::blocklists
