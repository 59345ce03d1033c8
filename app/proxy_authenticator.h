// What the hallway asks when an explicit client shows credentials: proxy/flow/authenticator.h, answered by identity/.
//
// Owned by the running gateway, after Credentials and before the workers. Thread-safe; never blocks.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "identity/credentials.h"
#include "identity/identity_settings.h"
#include "proxy/flow/authenticator.h"

namespace schoolgate::app {

class ProxyAuthenticator final : public flow::Authenticator {
 public:
  /// What a client that may send a password is offered (RFC 7617 section 2.1). One realm, so that a browser asks for a
  /// password once for everything.
  static constexpr std::string_view kBasic = "Basic realm=\"school\", charset=\"UTF-8\"";

  /// What the book of sessions is told. Called on threads of Credentials, or on a worker's for what is refused unread.
  struct Outcomes {
    /// Somebody has proved to be there, on one connection: the presence of that connection; null when it is refused.
    std::function<std::shared_ptr<const rules::Presence>(const names::IpAddress&, const rules::Person&)> proved;
    /// Credentials from there were wrong, broken or made up.
    std::function<void(const names::IpAddress&)> refused;
  };

  /// `credentials` must outlive it.
  ProxyAuthenticator(const identity::IdentitySettings& settings, identity::Credentials& credentials, Outcomes outcomes);

  [[nodiscard]] std::vector<std::string> challenges(const names::IpAddress& client) const override;
  void authenticate(const names::IpAddress& client, std::string credentials, std::function<void(Answer)> done) override;

 private:
  [[nodiscard]] bool takes_basic(const names::IpAddress& client) const;

  const bool negotiate_, basic_;
  const std::vector<names::IpNetwork> proxy_networks_, basic_networks_;
  identity::Credentials& credentials_;
  const Outcomes outcomes_;
};

}  // namespace schoolgate::app
