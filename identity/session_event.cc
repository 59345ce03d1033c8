#include "identity/session_event.h"

#include <array>
#include <utility>

namespace schoolgate::identity {
namespace {

constexpr std::array<std::pair<Source, std::string_view>, 7> kSources{{{Source::negotiate, "negotiate"},
                                                                       {Source::basic, "basic"},
                                                                       {Source::radius, "radius"},
                                                                       {Source::logon, "logon"},
                                                                       {Source::sign_in, "sign-in"},
                                                                       {Source::dhcp, "dhcp"},
                                                                       {Source::neighbours, "neighbours"}}};

}  // namespace

std::string_view to_string(Source source) noexcept {
  for (const auto& [value, name] : kSources)
    if (value == source) return name;
  return "unknown";
}

std::optional<Source> source_of(std::string_view text) noexcept {
  for (const auto& [value, name] : kSources)
    if (name == text) return value;
  return std::nullopt;
}

std::string_view to_string(SessionEnd why) noexcept {
  switch (why) {
    case SessionEnd::signed_out: return "signed out";
    case SessionEnd::stopped: return "left the network";
    case SessionEnd::idle: return "idle";
    case SessionEnd::end_of_day: return "end of the day";
    case SessionEnd::until: return "its time was over";
    case SessionEnd::other_mac: return "another machine has the address";
    case SessionEnd::replaced: return "another person signed in";
    case SessionEnd::removed: return "access was closed";
  }
  return "ended";
}

std::string_view to_string(SessionEvent::Kind kind) noexcept {
  switch (kind) {
    case SessionEvent::Kind::signed_in: return "signed in";
    case SessionEvent::Kind::signed_out: return "signed out";
    case SessionEvent::Kind::mac_changed: return "another machine at the address";
    case SessionEvent::Kind::too_many_devices: return "one account on many devices";
    case SessionEvent::Kind::refused: return "report refused";
    case SessionEvent::Kind::phone_seen: return "phone on the network";
    case SessionEvent::Kind::directory_doubted: return "directory not believed";
  }
  return "event";
}

}  // namespace schoolgate::identity
