// Asks libpsl whether a name is a bare public suffix ("com", "co.uk"): an entry for one would cover half a country.
#pragma once

#include <string_view>

namespace schoolgate::blocklists {

/// True for a single label and for every suffix of the ICANN part of the Public Suffix List. The private part
/// ("github.io", "duckdns.org") is left out: lists name hosters and dynamic DNS on purpose. `host` is canonical; an
/// address is never one. Any thread.
[[nodiscard]] bool is_public_suffix(std::string_view host) noexcept;

/// "lists.example.co.uk" is of "example.co.uk". What has none (an address, a suffix) is given back as it is. A view
/// into `host`, which is canonical. Any thread.
[[nodiscard]] std::string_view registrable_domain(std::string_view host) noexcept;

}  // namespace schoolgate::blocklists
