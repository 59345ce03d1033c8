// What the hallway asks when an explicit client shows credentials: proxy/flow/authenticator.h, answered by identity/.
//
// Owned by the running gateway, after Credentials and before the workers. Thread-safe; never blocks.
#pragma once

#include <functional>
#include <memory>

#include "identity/credentials.h"
#include "identity/identity_settings.h"
#include "proxy/flow/authenticator.h"

namespace schoolgate::app {

class ProxyAuthenticator final : public flow::Authenticator {
 public:
  /// Tells the book of sessions that this person is at that address now, and returns the presence that it published;
  /// null when the session was refused. Called on threads of Credentials.
  using SignedIn = std::function<std::shared_ptr<const rules::Presence>(const names::IpAddress&, const rules::Person&)>;

  /// `credentials` must outlive it.
  ProxyAuthenticator(const identity::IdentitySettings& settings, identity::Credentials& credentials,
                     SignedIn signed_in);

  [[nodiscard]] std::vector<std::string> challenges(const names::IpAddress& client) const override;
  void authenticate(const names::IpAddress& client, std::string credentials, std::function<void(Answer)> done) override;

 private:
  [[nodiscard]] bool takes_basic(const names::IpAddress& client) const;

  const bool negotiate_, basic_;
  const std::vector<names::IpNetwork> proxy_networks_, basic_networks_;
  identity::Credentials& credentials_;
  const SignedIn signed_in_;
};

}  // namespace schoolgate::app
