// The spellings of an IPv4 address that browsers take for a host: "0x7f.1", "017700000001", "2130706433" …
//
// WHATWG URL, "ends in a number checker" and "IPv4 parser". Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace schoolgate::names {

/// True when the last label is a number: such a host is an IPv4 address or it is nothing. Lower case, no trailing dot.
[[nodiscard]] bool ends_in_number(std::string_view host) noexcept;

/// One to four parts, each decimal, octal (0…) or hexadecimal (0x…), the last filling what is left; host order.
[[nodiscard]] std::optional<std::uint32_t> parse_ipv4_spelling(std::string_view host) noexcept;

}  // namespace schoolgate::names
