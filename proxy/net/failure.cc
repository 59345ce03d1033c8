#include "proxy/net/failure.h"

#include <utility>

namespace schoolgate::net {

std::string_view to_string(FailureKind kind) noexcept {
  switch (kind) {
    case FailureKind::name_not_found: return "name-not-found";
    case FailureKind::name_unanswered: return "name-unanswered";
    case FailureKind::name_failed: return "name-failed";
    case FailureKind::destination_refused: return "destination-refused";
    case FailureKind::loop: return "loop";
    case FailureKind::connect_failed: return "connect-failed";
    case FailureKind::timed_out: return "timed-out";
    case FailureKind::overloaded: return "overloaded";
    case FailureKind::certificate_refused: return "certificate-refused";
    case FailureKind::handshake_failed: return "handshake-failed";
  }
  return "unknown";
}

std::unexpected<Failure> fail(FailureKind kind, Fault fault, std::string what, std::string next) {
  return std::unexpected(Failure{kind, Error{fault, std::move(what), std::move(next)}});
}

}  // namespace schoolgate::net
