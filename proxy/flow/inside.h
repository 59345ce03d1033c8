// What a decrypted connection leads to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "names/host.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/upstream.h"
#include "proxy/net/failure.h"
#include "proxy/net/socket.h"
#include "rules/request.h"

namespace schoolgate::flow {

/// A refusal of the name alone. Its record waits for what is asked inside, which tells more; where nothing is, it is
/// filed at the connection's end (file_if_nothing_was_asked).
struct RefusedName {
  Judgement judgement;
  rules::Request request;
};

/// Owned by its Connection. The certificate that the client was shown is for `host` and nothing else, so every request
/// inside has to be for `host` (421 otherwise).
struct Inside {
  names::Host host;
  std::uint16_t port = 443;
  Destination to;                       ///< where the bytes go: that host, the CONNECT name or a safe endpoint
  std::string protocol;                 ///< what was agreed on with both sides: "h2", "http/1.1" or empty
  std::optional<net::Socket> upstream;  ///< verified and unused: the first request takes it
  std::uint64_t trust = 0;              ///< the trust store that `upstream` was verified by
  bool only_http1 = false;              ///< the web site was offered HTTP/2 and did not want it
  bool for_page = false;  ///< opened only to show a page: nothing is sent on from here, and it is closed after
  std::optional<RefusedName> unrecorded;  ///< until something is asked
  /// The refusal, or the door, that was recorded, counted and logged already when the page's connection was asked for.
  std::optional<Judgement> told;
  std::string reference;  ///< the number of that record
  /// Why the web site cannot be vouched for; every request is then answered with it and nothing is sent on.
  std::optional<net::Failure> trouble;
};

}  // namespace schoolgate::flow
