// Breach records and alarms as syslog messages: RFC 5424, the text either JSON or CEF.
//
// Pure; any thread. Nothing is hidden here: what may not leave the gateway was taken out of the record before.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "casework/forwarding/forward_settings.h"

namespace schoolgate::casework {

/// RFC 5424 section 6.2.1, table 2.
enum class Severity : std::uint8_t { critical = 2, error = 3, warning = 4, notice = 5, informational = 6 };

/// Of a record by the urgency of its category, 1 to 5.
[[nodiscard]] Severity severity_of(std::int64_t urgency) noexcept;

struct SyslogMessage {
  Severity severity = Severity::notice;
  TimePoint time;
  std::string_view host;  ///< the gateway's name
  std::string_view kind;  ///< MSGID: "breach" or "alarm"
  std::string_view text;  ///< one line of UTF-8
};

/// Facility 13 (log audit). No structured data, no byte order mark: collectors read the text as JSON.
[[nodiscard]] std::string to_rfc5424(const SyslogMessage& message);

/// The length before the message: how a stream keeps messages apart (RFC 5425 section 4.3, RFC 6587 section 3.4.1).
[[nodiscard]] std::string octet_counted(std::string_view message);

/// One line of JSON for an alarm: {"alarm":…,"text":…,"school":…,"gateway":…,"time":…}.
struct Alarm {
  std::string kind, text;
  TimePoint time;
};
struct ForwardedFrom {
  std::string school, gateway, version;
};
[[nodiscard]] std::string alarm_as_json(const Alarm& alarm, const ForwardedFrom& from);

/// ArcSight's Common Event Format, version 0 (CEF:0|vendor|product|version|id|name|severity|extension).
[[nodiscard]] std::string alarm_as_cef(const Alarm& alarm, const ForwardedFrom& from);
/// `record` is a breach record as JSON (contract section 6). What is no record becomes an event that says so.
[[nodiscard]] std::string record_as_cef(std::string_view record, const ForwardedFrom& from);

}  // namespace schoolgate::casework
