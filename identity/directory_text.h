// LDAP's two small languages, as far as we write them: filters and the text of addresses of servers.
//
// Pure. What comes from outside enters a filter through escape_filter() only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace schoolgate::identity {

/// RFC 4515 section 3: every byte that could end a value, widen it or is no plain ASCII becomes \xx.
[[nodiscard]] std::string escape_filter(std::string_view value);

struct DirectoryUrl {
  bool tls = false;  ///< ldaps
  std::string host;  ///< without brackets
  int port = 389;
};
/// "ldap://HOST[:PORT]" or "ldaps://HOST[:PORT]", nothing behind it but a slash; brackets around IPv6.
[[nodiscard]] std::optional<DirectoryUrl> read_directory_url(std::string_view text);

/// "localhost", 127.0.0.0/8 or ::1.
[[nodiscard]] bool is_this_machine(std::string_view host);

/// The objectSid of a user's primary group: the user's with its last part replaced (MS-DTYP section 2.4.2.2). Nothing
/// for what is no SID.
[[nodiscard]] std::optional<std::string> primary_group_sid(std::string_view user_sid, std::uint32_t group);

}  // namespace schoolgate::identity
