#include "proxy/tls/leaf_signer.h"

#include <optional>

#include "proxy/tls/leaf_template.h"

namespace schoolgate::tls {
namespace {

class LocalSigner final : public LeafSigner {
 public:
  explicit LocalSigner(std::shared_ptr<const Authority> authority) noexcept : authority_(std::move(authority)) {}

  Result<void> use_key(std::string_view public_key) override {
    auto made = LeafTemplate::make(authority_, public_key);
    if (!made) return std::unexpected(made.error());
    template_.emplace(std::move(*made));
    return {};
  }

  Result<std::string> sign(std::string_view host, LeafFor what, TimePoint now) override {
    if (!template_) return fail(Fault::self, "no key was named for certificates");
    return template_->mint(host, what, now);
  }

 private:
  std::shared_ptr<const Authority> authority_;
  std::optional<LeafTemplate> template_;
};

}  // namespace

std::unique_ptr<LeafSigner> make_local_signer(std::shared_ptr<const Authority> authority) {
  return std::make_unique<LocalSigner>(std::move(authority));
}

}  // namespace schoolgate::tls
