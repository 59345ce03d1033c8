#include "app/open_inspection.h"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "app/authority_page.h"
#include "app/key_holder_process.h"
#include "base/file.h"
#include "base/log.h"
#include "blocklists/public_suffix.h"
#include "proxy/tls/key_holder.h"

namespace schoolgate::app {
namespace {

Result<std::unique_ptr<tls::LeafMint>> make_mint(const std::filesystem::path& folder, tls::LeafMint::Now now) {
  auto holder = std::make_shared<KeyHolderProcess>(folder);
  auto channel = holder->start();
  if (!channel) return std::unexpected(std::move(channel.error()));
  const auto again = [holder] {
    log::warning("the process that holds the authority's key has ended and is started again");
    return holder->start();
  };
  return tls::LeafMint::make(std::make_unique<tls::RemoteSigner>(std::move(*channel), again), {}, std::move(now));
}

// The authority's key is out of reach: no leaf is ever signed.
class NoSigner final : public tls::LeafSigner {
 public:
  explicit NoSigner(Error why) : why_(std::move(why)) {}
  Result<void> use_key(std::string_view) override { return {}; }
  Result<std::string> sign(std::string_view, tls::LeafFor, TimePoint) override { return std::unexpected(why_); }

 private:
  const Error why_;
};

tls::TrustSettings trust_settings(const config::Settings& settings, std::shared_ptr<const tls::Authority> own) {
  tls::TrustSettings trusted{.extra_roots = settings.upstream.trust,
                             .own_authority = std::move(own),
                             .is_public_suffix = blocklists::is_public_suffix};
  // As OpenSSL's own tools have it: another file in the place of the system's roots.
  if (const char* roots = std::getenv("SSL_CERT_FILE")) trusted.system_roots = roots;
  return trusted;
}

// Connections were opened once: an authority that is not there any more was lost, and nothing is to pass unseen.
std::filesystem::path mark_of_use(const config::Settings& settings) { return settings.state / "authority.used"; }

bool was_used(const config::Settings& settings) {
  std::error_code error;
  return std::filesystem::exists(mark_of_use(settings), error) || error;
}

void remember_use(const config::Settings& settings, const std::string& fingerprint) {
  const std::string text = fingerprint + '\n';
  if (read_file(mark_of_use(settings)).value_or(std::string()) == text) return;
  if (auto kept = replace_file(mark_of_use(settings), text); !kept)
    log::warning("that an authority is in use cannot be kept", {{"why", kept.error().text()}});
}

// What the workers use beside the mint and the roots.
Result<void> add_parts(flow::Inspection& inspection) {
  auto server = tls::ServerContext::make();
  if (!server) return std::unexpected(std::move(server.error()));
  inspection.server = std::move(*server);
  inspection.distrust = std::make_shared<flow::DistrustNotes>();
  return {};
}

}  // namespace

Result<std::shared_ptr<const flow::Inspection>> open_inspection(const config::Settings& settings,
                                                                const std::shared_ptr<const flow::Inspection>& before,
                                                                std::function<TimePoint()> now) {
  if (settings.inspection == rules::InspectionMode::off) return nullptr;
  const auto folder = authority_folder(settings);
  std::error_code error;
  if (!std::filesystem::exists(tls::authority_files(folder).certificate, error)) {
    if (was_used(settings))
      return fail(Fault::host, "the school's authority is gone from " + folder.string(),
                  "put it back from a backup, or make a new one for the devices: schoolgate ca create");
    log::warning("nothing is decrypted: there is no authority",
                 {{"next", "schoolgate ca create, then schoolgate reload; or inspection: { mode: \"off\" }"}});
    return nullptr;
  }
  auto authority = tls::Authority::load_public(folder);
  if (!authority) return std::unexpected(std::move(authority.error()));
  if ((*authority)->not_after() <= now()) {
    log::error("nothing is decrypted: the authority ended on " + to_rfc3339((*authority)->not_after()),
               {{"next", "move its folder away, schoolgate ca create, give it to the devices, schoolgate reload"}});
    return nullptr;
  }
  flow::Inspection inspection;
  if (before) inspection = *before;
  if (const std::string fingerprint = (*authority)->fingerprint_sha256(); inspection.authority != fingerprint) {
    auto mint = make_mint(folder, now);
    if (!mint) return std::unexpected(std::move(mint.error()));
    inspection.mint = std::move(*mint);
    inspection.authority = fingerprint;
    inspection.can_sign = true;  // what was closed for want of an authority is open again
  }
  if (!before)
    if (auto added = add_parts(inspection); !added) return std::unexpected(std::move(added.error()));
  auto trust = tls::TrustStore::load(trust_settings(settings, std::move(*authority)));
  if (!trust) return std::unexpected(std::move(trust.error()));
  inspection.trust = std::move(*trust);
  remember_use(settings, inspection.authority);
  return std::make_shared<const flow::Inspection>(std::move(inspection));
}

Result<std::shared_ptr<const flow::Inspection>> closed_inspection(const config::Settings& settings, Error why) {
  flow::Inspection inspection;
  inspection.can_sign = false;
  auto mint = tls::LeafMint::make(std::make_unique<NoSigner>(std::move(why)));
  if (!mint) return std::unexpected(std::move(mint.error()));
  inspection.mint = std::move(*mint);
  if (auto added = add_parts(inspection); !added) return std::unexpected(std::move(added.error()));
  auto authority = tls::Authority::load_public(authority_folder(settings));
  auto trusted = trust_settings(settings, authority ? std::move(*authority) : nullptr);
  auto trust = tls::TrustStore::load(trusted);
  if (!trust) {  // the file of an extra root, then: what it vouches for stays closed
    trusted.extra_roots.clear();
    trust = tls::TrustStore::load(trusted);
  }
  if (!trust) return std::unexpected(std::move(trust.error()));
  inspection.trust = std::move(*trust);
  return std::make_shared<const flow::Inspection>(std::move(inspection));
}

}  // namespace schoolgate::app
