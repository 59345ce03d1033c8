#include "proxy/tls/trust_store.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <atomic>

#include "base/file.h"
#include "names/host.h"
#include "proxy/tls/lean_library.h"
#include "proxy/tls/openssl_error.h"

namespace schoolgate::tls {
namespace {

constexpr std::size_t kLargestBundle = 16u << 20;

/// Adds every certificate of a PEM file; says how many there were.
Result<std::size_t> add_roots(X509_STORE* store, const std::filesystem::path& file) {
  const auto text = read_file(file, kLargestBundle);
  if (!text) return std::unexpected(text.error());
  const BioHandle bio(BIO_new_mem_buf(text->data(), int(text->size())));
  std::size_t count = 0;
  ERR_clear_error();
  for (;;) {
    X509* target = bio ? X509_new_ex(lean_library(), nullptr) : nullptr;  // read by what will verify with it
    const bool read = target && PEM_read_bio_X509(bio.get(), &target, nullptr, nullptr);
    const CertificateHandle root(target);  // null when it was damaged
    if (!read) break;
    if (!X509_STORE_add_cert(store, root.get()))
      return fail_openssl(Fault::self, "cannot take a root certificate of " + file.string());
    ++count;
  }
  const unsigned long error = ERR_peek_last_error();
  const bool at_its_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (count == 0 || !at_its_end)
    return fail_openssl(
        Fault::config,
        file.string() + (count ? " is damaged after certificate " + std::to_string(count) : " holds no certificate"),
        "it should hold root certificates as PEM");
  ERR_clear_error();
  return count;
}

StoreHandle new_store() { return StoreHandle(X509_STORE_new()); }

std::uint64_t next_generation() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

Result<std::shared_ptr<const TrustStore>> TrustStore::load(TrustSettings settings) {
  const std::shared_ptr<TrustStore> trust(new TrustStore);
  trust->roots_ = new_store();
  if (!trust->roots_) return fail_openssl(Fault::host, "no memory for root certificates");
  auto files = settings.extra_roots;
  if (!settings.system_roots.empty()) files.insert(files.begin(), settings.system_roots);
  for (const auto& file : files) {
    const auto added = add_roots(trust->roots_.get(), file);
    if (!added) return std::unexpected(added.error());
    trust->root_count_ += *added;
  }
  for (const PinnedRoot& pin : settings.pins) {
    StoreHandle store = new_store();
    if (!store) return fail_openssl(Fault::host, "no memory for root certificates");
    if (const auto added = add_roots(store.get(), pin.root); !added) return std::unexpected(added.error());
    trust->pins_.push_back({pin.site, std::move(store)});
  }
  trust->settings_ = std::move(settings);
  trust->generation_ = next_generation();
  return trust;
}

x509_store_st* TrustStore::roots_for(std::string_view host) const noexcept {
  const Pin* best = nullptr;
  for (const Pin& pin : pins_)
    if (names::is_same_or_under(host, pin.site) && (!best || pin.site.size() > best->site.size())) best = &pin;
  return best ? best->store.get() : roots_.get();
}

}  // namespace schoolgate::tls
