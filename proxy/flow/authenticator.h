// The person at the other end of an explicit proxy connection: Proxy-Authorization (RFC 9110 section 11.7) answered by
// a judge of accounts and tickets. app/ makes one out of identity/; the hallway only asks.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "names/ip_address.h"
#include "rules/presence.h"

namespace schoolgate::flow {

/// Thread-safe; shared by all workers; outlives them.
class Authenticator {
 public:
  struct Answer {
    enum class Kind : std::uint8_t {
      accepted,
      refused,      ///< wrong or unusable credentials: 407 again
      unavailable,  ///< it cannot be verified now (directory gone, nothing cached; busy): 407 is no help, so 503
    };
    Kind kind = Kind::refused;
    std::shared_ptr<const rules::Presence> presence;  ///< when accepted
    std::string reply;  ///< value of Proxy-Authenticate or Proxy-Authentication-Info that completes it; may be empty
  };

  virtual ~Authenticator() = default;

  /// The values of Proxy-Authenticate that this client is offered, strongest first. Empty: it is not asked, because its
  /// network is known in another way. Never blocks.
  [[nodiscard]] virtual std::vector<std::string> challenges(const names::IpAddress& client) const = 0;

  /// Judges the value of a Proxy-Authorization field of at most 64 KB. `done` is called exactly once, on any thread,
  /// also before this returns. Never blocks.
  virtual void authenticate(const names::IpAddress& client, std::string credentials,
                            std::function<void(Answer)> done) = 0;
};

}  // namespace schoolgate::flow
