// An alert as an Internet message (RFC 5322, MIME of RFC 2045 to 2047): ASCII on the wire whatever the text holds.
//
// Header values are made of one line each: CR, LF and other control characters become spaces, so no text can add a
// header. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace schoolgate::casework {

struct MailMessage {
  std::string from, to;  ///< plain addresses, as is_plain_address() takes them
  std::string subject, text;
  std::string id;  ///< becomes <id@domain of from>: the same for every try
  TimePoint date;
  bool important = false;
};

/// "user@domain" in printable ASCII without spaces, brackets, quotes or commas; at most 254 bytes.
[[nodiscard]] bool is_plain_address(std::string_view address) noexcept;

/// The message with CRLF line ends, without the dot-stuffing that SMTP adds.
[[nodiscard]] std::string to_rfc5322(const MailMessage& message);

}  // namespace schoolgate::casework
