#include "app/page_certificate.h"

#include <algorithm>
#include <utility>

#include "app/authority_page.h"
#include "app/authority_renewal.h"
#include "app/key_holder_process.h"
#include "base/log.h"
#include "proxy/net/destination_guard.h"
#include "proxy/tls/key_holder.h"

namespace schoolgate::app {
namespace {

constexpr auto kRenewalPause = std::chrono::minutes(1);
constexpr auto kAfterFailedRenewal = std::chrono::minutes(10);
constexpr std::size_t kMostAddresses = 12;  // of the machine: what one certificate names is bounded

bool is_any(const names::IpAddress& address) { return address.text() == "0.0.0.0" || address.text() == "::"; }

// IPv6 addresses of a machine come and go by the day: one of them has to be named.
std::vector<names::IpAddress> all_ipv4_addresses() {
  std::vector<names::IpAddress> addresses = net::own_addresses();
  std::erase_if(addresses, [](const names::IpAddress& address) { return !address.is_v4(); });
  std::ranges::sort(addresses, {}, &names::IpAddress::text);
  if (addresses.size() > kMostAddresses) addresses.resize(kMostAddresses);
  return addresses;
}

web::OwnCertificate with_addresses(web::OwnCertificate own) {
  const bool all = std::ranges::any_of(own.addresses, [](const auto& a) { return a.text() == "0.0.0.0"; });
  std::erase_if(own.addresses, is_any);
  if (all)
    for (names::IpAddress& address : all_ipv4_addresses()) own.addresses.push_back(std::move(address));
  return own;
}

}  // namespace

Result<std::string> sign_by_key_holder(const std::filesystem::path& folder, std::string_view public_key,
                                       std::span<const std::string> hosts, TimePoint now) {
  KeyHolderProcess holder(folder);
  auto channel = holder.start();
  if (!channel) return std::unexpected(std::move(channel.error()));
  tls::RemoteSigner signer(std::move(*channel));
  if (auto named = signer.use_key(public_key); !named) return std::unexpected(std::move(named.error()));
  return signer.sign_for_pages(hosts, now);
}

PageCertificate::PageCertificate(const config::Settings& settings, web::OwnCertificate own, SignForPages sign)
    : settings_(settings), own_(std::move(own)), sign_(std::move(sign)) {}

std::optional<web::Issuer> PageCertificate::issuer(TimePoint now) const {
  const auto authority = read_authorities(settings_).signs;
  if (!authority || authority->not_after() <= now) return std::nullopt;
  return web::Issuer{.certificate = authority->certificate_der(),
                     .sign = [this, now](std::string_view public_key, std::span<const std::string> hosts) {
                       return sign_(authority_folder(settings_), public_key, hosts, now);
                     }};
}

Result<std::shared_ptr<const web::Tls>> PageCertificate::load(TimePoint now) {
  const std::optional<web::Issuer> signs = issuer(now);
  auto tls = web::Tls::load_or_create(with_addresses(own_), now, signs ? &*signs : nullptr);
  if (!tls) return tls;
  served_ = (*tls)->fingerprint();
  if (!signs && (*tls)->self_signed())
    log::info("browsers warn of a page of the gateway: its certificate signs itself",
              {{"file", own_.certificate_file().string()}, {"next", "schoolgate ca create"}});
  return tls;
}

std::shared_ptr<const web::Tls> PageCertificate::renewed(Moment now, bool at_once) {
  if (look_at_ && now.steady < *look_at_ && !at_once) return nullptr;
  look_at_ = now.steady + kRenewalPause;
  const std::optional<web::Issuer> signs = issuer(now.wall);
  const web::Issuer* const by = signs ? &*signs : nullptr;
  const web::OwnCertificate own = with_addresses(own_);
  if (!web::why_anew(own, by, now.wall)) return nullptr;
  auto tls = web::Tls::load_or_create(own, now.wall, by);
  if (!tls || web::why_anew(own, by, now.wall)) look_at_ = now.steady + kAfterFailedRenewal;
  if (!tls) {
    log::error("the certificate of a page is not renewed", {{"why", tls.error().text()}});
    return nullptr;
  }
  if (std::exchange(served_, (*tls)->fingerprint()) == (*tls)->fingerprint()) return nullptr;
  return std::move(*tls);
}

void PageCertificate::name(web::OwnCertificate own) { own_ = std::move(own); }

}  // namespace schoolgate::app
