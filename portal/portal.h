// The sign-in pages: what a device meets before it may go out. The composition root gives it the pieces of identity/
// that it asks; it gives a web::Router for the portal's listeners, plain and TLS.
//
// Works without cookies and scripts, in the small browsers that operating systems open for such pages: who is who hangs
// on the device's address, and every form carries a token signed for that address. Handlers run on the web server's
// pool, several at once; a Portal outlives the server that serves its router, and every answer that identity/ still
// owes.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "identity/accounts.h"
#include "identity/logon_call.h"
#include "identity/people_database.h"
#include "identity/session_book.h"
#include "identity/sign_in.h"
#include "names/ip_address.h"
#include "rules/site_clock.h"
#include "web/rate_limit.h"
#include "web/router.h"
#include "web/templates.h"
#include "web/tokens.h"

namespace schoolgate::portal {

class Portal {
 public:
  using Logon =
      std::function<std::expected<identity::LogonCall, identity::LogonRefusal>(const identity::LogonParameters&)>;

  struct Parts {
    std::string school;
    identity::SignIn& sign_in;
    identity::PeopleDatabase& people;
    identity::SessionBook& sessions;
    Logon logon;                                   ///< IdentityService::logon; empty: no logon scripts, 404
    std::vector<names::IpNetwork> networks;        ///< where no unknown device goes out; see use_networks()
    std::vector<names::IpNetwork> clear_networks;  ///< where a password may come without TLS
    std::string tls_authority;                     ///< host, or host:port, of the TLS listener; empty: there is none
    std::string secret;                       ///< 32 bytes that sign the forms, e.g. StateKey::sign("portal forms", "")
    const rules::SiteClock* clock = nullptr;  ///< null: UTC
    std::function<TimePoint()> now = wall_now;
  };

  explicit Portal(Parts parts);
  Portal(const Portal&) = delete;
  Portal& operator=(const Portal&) = delete;

  /// For all listeners of the portal: a request over plain HTTP is led to TLS where there is TLS. The Portal must
  /// outlive it.
  [[nodiscard]] web::Router router() const;

  /// After a reload: the networks where no unknown device goes out. Thread-safe.
  void use_networks(std::vector<names::IpNetwork> networks);

 private:
  [[nodiscard]] web::Response front(const web::Request& request) const;
  void sign_in(const web::Request& request, const web::Answer& answer) const;
  [[nodiscard]] web::Response classes(const web::Request& request) const;
  [[nodiscard]] web::Response pictures_of(const web::Request& request) const;
  [[nodiscard]] web::Response choose_picture(const web::Request& request) const;
  [[nodiscard]] web::Response names_of_class(const web::Request& request) const;
  [[nodiscard]] web::Response choose_name(const web::Request& request) const;
  [[nodiscard]] web::Response visitor(const web::Request& request) const;
  [[nodiscard]] web::Response let_visitor_in(const web::Request& request) const;
  [[nodiscard]] web::Response terms(const web::Request& request) const;
  [[nodiscard]] web::Response answer_terms(const web::Request& request) const;
  [[nodiscard]] web::Response sign_out(const web::Request& request) const;
  [[nodiscard]] web::Response take_logon(const web::Request& request) const;
  [[nodiscard]] web::Response captive_api(const web::Request& request) const;

  [[nodiscard]] std::optional<web::Response> check(const web::Request& request) const;
  [[nodiscard]] bool takes_password(const web::Request& request) const;
  [[nodiscard]] web::View view_of(const web::Request& request) const;
  [[nodiscard]] web::Response page(std::string_view name, const web::View& view, int status = 200) const;
  [[nodiscard]] web::Response message(int status, std::string_view heading, std::string_view text) const;
  [[nodiscard]] web::Response too_often(std::chrono::seconds wait) const;
  /// Onwards after an answer of identity/: home, to the terms, or back to the page `again` with what was wrong.
  [[nodiscard]] web::Response onward(const web::Request& request, const identity::PortalAnswer& answer,
                                     std::string_view again, web::View view) const;
  [[nodiscard]] std::optional<TimePoint> end_of_session(const names::IpAddress& address) const;
  [[nodiscard]] std::string shown_time(TimePoint time) const;
  [[nodiscard]] std::vector<identity::Account> names_in_class(std::string_view group) const;

  Parts parts_;
  mutable std::mutex networks_mutex_;  ///< guards parts_.networks, which a reload replaces
  web::Templates templates_;
  web::Tokens tokens_;
  mutable web::RateLimit posts_, visits_;
};

}  // namespace schoolgate::portal
