// Who is asking, while the gateway runs: the sources of identity, the way in which the explicit proxy asks them, and
// the sign-in pages.
//
// Made on the main thread where `identity` is configured; nothing of it is on the path of a request but the
// PresenceStore, which workers read.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "app/page_certificate.h"
#include "app/proxy_authenticator.h"
#include "base/believable_clock.h"
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
    AskClock ask_clock;
  };
  /// Closed: until try_to_open() has succeeded, devices that have to sign in are led to a page that is not there, and
  /// clients of the explicit proxy that show credentials get the strictest policy. Fault config: the page's address.
  [[nodiscard]] static Result<std::unique_ptr<WhoIsAsking>> make(Parts parts);
  ~WhoIsAsking();

  /// Opens people.db and binds what listens, unless it is done. Fault config or host.
  [[nodiscard]] Result<void> try_to_open();
  [[nodiscard]] bool is_open() const noexcept { return open_.load(std::memory_order_acquire); }

  /// Who really asks when a connection to the pages comes through the explicit proxy; nothing when it came by itself.
  using DeviceBehind = std::function<std::optional<names::IpAddress>(const names::IpAddress& peer, std::uint16_t port)>;

  /// Once it is open: begins to follow its sources and shows the sign-in pages, unless it does already. An error (an
  /// address that another process has): to be called again.
  [[nodiscard]] Result<void> try_to_start(const DeviceBehind& device_behind);
  /// The certificate of the sign-in page, where the gateway makes it and one is due. On the thread that starts it.
  void follow_certificate();
  void stop();

  /// After a reload, on the thread that reloads: the networks of the sign-in page and the rules of sessions hold from
  /// now on; gate() is a new one. The warnings say what else has changed and waits for a restart.
  [[nodiscard]] Problems use(const config::Settings& changed, const SourcePosition& file);

  /// Once it is open.
  [[nodiscard]] identity::IdentityService& service() noexcept { return *service_; }
  /// Null: clients of the explicit proxy are not asked.
  [[nodiscard]] flow::Authenticator* authenticator() noexcept;
  /// Null: nobody has to sign in.
  [[nodiscard]] std::shared_ptr<const flow::SignInGate> gate() const { return gate_.held().share(); }

 private:
  explicit WhoIsAsking(Parts parts);
  [[nodiscard]] std::shared_ptr<const rules::Presence> presence_of(const names::IpAddress& address,
                                                                   const rules::Person& person);
  [[nodiscard]] Result<void> make_gate(const std::vector<names::IpNetwork>& networks);
  [[nodiscard]] Result<std::shared_ptr<const web::Tls>> portal_tls();
  [[nodiscard]] Result<void> make_portal();

  class Authenticator;

  Parts parts_;
  std::atomic<bool> open_ = false;  ///< service_ and what the authenticator asks are there
  bool started_ = false;
  std::unique_ptr<identity::IdentityService> service_;
  std::unique_ptr<Authenticator> authenticator_;
  Replaceable<const flow::SignInGate> gate_;  ///< replaced by the thread that reloads, asked by those of Credentials
  std::unique_ptr<portal::Portal> portal_;
  std::unique_ptr<PageCertificate> certificate_;  ///< null where the school has given one
  std::unique_ptr<web::Server> server_;
};

}  // namespace schoolgate::app
