// What may be the name of an account, and the one form in which it is kept, shown and compared.
//
// Names come from the network: from a sign-in form, a RADIUS packet, a logon script, a ticket. A text that does not
// look like an account name of a school is refused before any directory, database or log hears of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace schoolgate::identity {

inline constexpr std::size_t kLongestAccountName = 64;

/// Lower case, without "REALM\" before and "@realm" behind; letters, digits, and . _ - ' in it, of ASCII, 1 to 64 of
/// them, the first a letter or digit. Nothing for anything else, "class:…" and the names of machines included.
[[nodiscard]] std::optional<std::string> account_name(std::string_view text);

/// "host/pc12.school.example" and "PC12$" are what machines say of themselves (802.1X before a person has signed in):
/// their name, "pc12". Nothing for people.
[[nodiscard]] std::optional<std::string> machine_name(std::string_view text);

/// "02:00:5e:10:00:01" out of the spellings of RADIUS, leases and people: separators - : . or none. RADIUS may append
/// the name of the network ("02-00-5E-10-00-01:School"), which is dropped. Nothing for what is no MAC, for
/// 00:00:00:00:00:00 and for group addresses.
[[nodiscard]] std::optional<std::string> mac_address(std::string_view text);

}  // namespace schoolgate::identity
