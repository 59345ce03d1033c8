// Why a destination could not be reached: a kind that the flow turns into a status code, and words for people.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "base/error.h"

namespace schoolgate::net {

enum class FailureKind : std::uint8_t {
  name_not_found,       ///< the name does not exist, or has no address
  name_unanswered,      ///< no name server answered in time
  name_failed,          ///< the name servers failed or refused
  destination_refused,  ///< a private, loopback or otherwise special address
  loop,                 ///< the destination is this gateway itself
  connect_failed,       ///< every address refused, reset or was unreachable
  timed_out,            ///< no address answered in time
  overloaded,           ///< a cap of this gateway is reached
  certificate_refused,  ///< TLS: the web site could not prove that it is the one that was asked for
  handshake_failed,     ///< TLS: no handshake came about
};

/// The kind as metrics and logs name it: "name-not-found", "timed-out" and so on.
[[nodiscard]] std::string_view to_string(FailureKind kind) noexcept;

struct Failure {
  FailureKind kind = FailureKind::connect_failed;
  Error error;  ///< whose fault it is, what happened, what to do next
};

template <class T>
using Attempt = std::expected<T, Failure>;

[[nodiscard]] std::unexpected<Failure> fail(FailureKind kind, Fault fault, std::string what, std::string next = {});

}  // namespace schoolgate::net
