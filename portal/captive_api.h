// The captive-portal API (RFC 8908): what a device's operating system asks to learn whether a person must sign in.
// Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace schoolgate::portal {

struct CaptiveState {
  bool captive = true;                            ///< a person must sign in here before the device may go out
  std::string user_portal_url;                    ///< where
  std::optional<std::chrono::seconds> remaining;  ///< until the session ends by itself; only when not captive
};

inline constexpr std::string_view kCaptiveType = "application/captive+json";

[[nodiscard]] std::string captive_json(const CaptiveState& state);

}  // namespace schoolgate::portal
