// Who is asking, while the gateway runs: the sources of identity, the way in which the explicit proxy asks them, and
// the sign-in pages.
//
// Made on the main thread where `identity` is configured; nothing of it is on the path of a request but the
// PresenceStore, which workers read.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/proxy_authenticator.h"
#include "base/error.h"
#include "base/held.h"
#include "base/problem.h"
#include "config/settings.h"
#include "identity/identity_service.h"
#include "portal/portal.h"
#include "proxy/flow/sign_in_gate.h"
#include "rules/presence.h"
#include "rules/site_clock.h"
#include "web/server.h"

namespace schoolgate::app {

class WhoIsAsking {
 public:
  struct Parts {
    const config::Settings& settings;
    rules::SiteClock clock;
    rules::PresenceStore& presences;
    std::function<void(const identity::SessionEvent&)> on_event;
  };
  /// Opens people.db, binds what listens, starts nothing. Fault config or host.
  [[nodiscard]] static Result<std::unique_ptr<WhoIsAsking>> open(Parts parts);
  ~WhoIsAsking();

  /// Who really asks when a connection to the pages comes through the explicit proxy; nothing when it came by itself.
  using DeviceBehind = std::function<std::optional<names::IpAddress>(const names::IpAddress& peer, std::uint16_t port)>;

  [[nodiscard]] Result<void> start(DeviceBehind device_behind);
  void stop();

  /// After a reload, on the thread that reloads: the networks of the sign-in page and the rules of sessions hold from
  /// now on; gate() is a new one. The warnings say what else has changed and waits for a restart.
  [[nodiscard]] Problems use(const config::Settings& changed, const SourcePosition& file);

  [[nodiscard]] identity::IdentityService& service() noexcept { return *service_; }
  /// Null: clients of the explicit proxy are not asked.
  [[nodiscard]] flow::Authenticator* authenticator() noexcept { return authenticator_.get(); }
  /// Null: nobody has to sign in.
  [[nodiscard]] std::shared_ptr<const flow::SignInGate> gate() const { return gate_.held().share(); }

 private:
  explicit WhoIsAsking(Parts parts) : parts_(std::move(parts)) {}
  [[nodiscard]] std::shared_ptr<const rules::Presence> presence_of(const names::IpAddress& address,
                                                                   const rules::Person& person);
  [[nodiscard]] Result<void> make_gate(const std::vector<names::IpNetwork>& networks);
  [[nodiscard]] Result<std::shared_ptr<const web::Tls>> portal_tls() const;

  Parts parts_;
  std::unique_ptr<identity::IdentityService> service_;
  std::unique_ptr<flow::Authenticator> authenticator_;
  Replaceable<const flow::SignInGate> gate_;  ///< replaced by the thread that reloads, asked by those of Credentials
  std::unique_ptr<portal::Portal> portal_;
  std::unique_ptr<web::Server> server_;
};

}  // namespace schoolgate::app
