// Events of sessions, as values: why one ended, and the text for the desk and the log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "identity/identity_settings.h"
#include "names/ip_address.h"

namespace schoolgate::identity {

[[nodiscard]] std::string_view to_string(Source source) noexcept;
[[nodiscard]] std::optional<Source> source_of(std::string_view text) noexcept;

/// Why a session ended.
enum class SessionEnd : std::uint8_t { signed_out, stopped, idle, end_of_day, until, other_mac, replaced, removed };
[[nodiscard]] std::string_view to_string(SessionEnd why) noexcept;

/// What the technicians' log and the safeguarding lead's desk are told.
struct SessionEvent {
  enum class Kind : std::uint8_t {
    signed_in,
    signed_out,         ///< whatever the reason: `why`
    mac_changed,        ///< another machine at the address of a session: the session ended
    too_many_devices,   ///< one account on more devices than allowed; it is let in, people must look (A35)
    refused,            ///< a report that was not believed: forged, repeated, malformed
    phone_seen,         ///< a device that the register calls "phone" came onto the network
    directory_doubted,  ///< it says that most people have left; no row was closed
  };
  Kind kind = Kind::signed_in;
  std::string user;  ///< may be empty
  names::IpAddress address;
  std::string mac;  ///< may be empty
  TimePoint when{};
  SessionEnd why = SessionEnd::signed_out;
  std::string text;  ///< one sentence for people
};
[[nodiscard]] std::string_view to_string(SessionEvent::Kind kind) noexcept;

}  // namespace schoolgate::identity
