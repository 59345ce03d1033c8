// The certificate of the desk or of the sign-in page, where the gateway makes it: a leaf of the school's authority, so
// that the school's devices open the page without a warning; where there is no authority, one that signs itself.
//
// It is looked after while the gateway runs: renewed before it ends, and made anew when another authority signs
// (`ca create`, `ca renew`) or the page has another name or address. The authority's key stays in the key holder, which
// runs for the moment of a signature. One thread at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/steady_clock.h"
#include "config/settings.h"
#include "web/tls.h"

namespace schoolgate::app {

/// Signs for the gateway's own pages: DER for this public key and these hosts, with the authority of `folder`.
using SignForPages = std::function<Result<std::string>(const std::filesystem::path& folder, std::string_view public_key,
                                                       std::span<const std::string> hosts, TimePoint now)>;

/// By a key holder that is started for it and ends with it.
[[nodiscard]] Result<std::string> sign_by_key_holder(const std::filesystem::path& folder, std::string_view public_key,
                                                     std::span<const std::string> hosts, TimePoint now);

class PageCertificate {
 public:
  /// `settings` says where the authority is. 0.0.0.0 among the addresses stands for all IPv4 addresses of this machine.
  PageCertificate(const config::Settings& settings, web::OwnCertificate own, SignForPages sign = sign_by_key_holder);

  /// What to serve the page with.
  [[nodiscard]] Result<std::shared_ptr<const web::Tls>> load(TimePoint now);
  /// Another one where one is due, else null. Looks once a minute, or every ten minutes where the authority could not
  /// sign; `at_once` where something has just changed.
  [[nodiscard]] std::shared_ptr<const web::Tls> renewed(Moment now, bool at_once);
  /// The page goes by these names and addresses from now on.
  void name(web::OwnCertificate own);

 private:
  [[nodiscard]] std::optional<web::Issuer> issuer(TimePoint now) const;

  const config::Settings& settings_;
  web::OwnCertificate own_;
  SignForPages sign_;
  std::string served_;  ///< fingerprint
  std::optional<SteadyTime> look_at_;
};

}  // namespace schoolgate::app
