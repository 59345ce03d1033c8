// Outer names that stand in front of others: with Encrypted ClientHello they say nothing about where a pupil goes.
#pragma once

#include <string_view>

namespace schoolgate::tls {

/// True when `name` (canonical) is a public name that ECH services are known to use, or lies under one: the list is
/// tls/ech_fronts.txt. A hello with has_ech and such a name has an unknown destination (RFC 9849 section 10.8); with
/// any other name the extension is GREASE and the name is the true one.
[[nodiscard]] bool is_known_ech_front(std::string_view name) noexcept;

}  // namespace schoolgate::tls
