// The fields of an answer that is not as it should be, read as browsers read them.
//
// For answers only: a request has one reading or none, because two readings of a request are what smuggling is made of.
// What is forwarded is the mended head, so the client sees what was judged (RFC 9112 sections 2.2, 5.1 and 5.2).
#pragma once

#include <string_view>

#include "proxy/http/read_head.h"

namespace schoolgate::http {

/// `lines`: all lines after the status line with the empty one, each ended by LF or CRLF. White space before a colon is
/// taken away, a line that is no field is skipped, a folded line is one line, and a control character in a value is
/// marked to be written as a space (Field::mend). Bad: a framing field with any of these in its value; a control
/// character in Content-Type or Content-Disposition, by which downloads are judged; too many fields.
[[nodiscard]] HeadOutcome read_fields_generously(std::string_view lines, const HeadLimits& limits,
                                                 Fields& fields) noexcept;

}  // namespace schoolgate::http
