#include "web/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <array>

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "web/pem.h"
#include "web/tls_context.h"

namespace schoolgate::web {
namespace {

int choose_http_1(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                  void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Tls::Tls() : context_(std::make_unique<Context>()) {}
Tls::~Tls() = default;

Result<std::shared_ptr<const Tls>> Tls::load(const std::filesystem::path& certificate,
                                             const std::filesystem::path& key) {
  auto read = Tls::read(certificate, key);
  if (!read) return std::unexpected(read.error());
  (*read)->may_be_insisted_on_ = !(*read)->self_signed_;
  return std::move(*read);
}

Result<std::shared_ptr<Tls>> Tls::read(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  const auto chain = read_file(certificate, kLargestPemFile);
  if (!chain) return std::unexpected(chain.error());
  auto key_text = read_file(key, kLargestPemFile);
  if (!key_text) return std::unexpected(key_text.error());
  const Secret secret{std::move(*key_text)};
  struct stat about{};
  if (::stat(key.c_str(), &about) == 0 && (about.st_mode & 07) != 0)
    return fail(Fault::config, key.string() + " can be read by every user", "run: chmod o= " + key.string());

  const Certificate leaf = first_certificate(*chain);
  if (!leaf) return fail(Fault::config, certificate.string() + " holds no certificate in PEM");
  std::shared_ptr<Tls> tls(new Tls);
  asio::ssl::context& ssl = tls->context_->ssl;
  boost::system::error_code error;
  ssl.use_certificate_chain(asio::buffer(*chain), error);
  if (error) return fail(Fault::config, certificate.string() + " cannot be used: " + error.message());
  ssl.set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string(); }, error);
  if (!error) ssl.use_private_key(asio::buffer(secret.text), asio::ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(ssl.native_handle()) != 1) {
    ERR_clear_error();
    return fail(Fault::config, key.string() + " is not the key of " + certificate.string());
  }

  SSL_CTX* const native = ssl.native_handle();
  constexpr unsigned char kSessions[] = "schoolgate pages";
  const bool set = SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) == 1 &&
                   SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
                   SSL_CTX_set_session_id_context(native, kSessions, sizeof kSessions - 1) == 1;
  if (!set) return fail_openssl(Fault::self, "cannot set up TLS for the pages");
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(native, choose_http_1, nullptr);

  std::array<std::uint8_t, 32> digest{};
  unsigned size = digest.size();
  X509_digest(leaf.get(), EVP_sha256(), digest.data(), &size);
  const std::string hex = to_hex(digest);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    if (i > 0) tls->fingerprint_ += ':';
    for (const char c : hex.substr(i, 2)) tls->fingerprint_ += c >= 'a' ? char(c - 32) : c;
  }
  tls->expires_ = time_of(X509_get0_notAfter(leaf.get()));
  tls->self_signed_ = signs_itself(leaf.get());
  return tls;
}

Result<std::shared_ptr<const Tls>> Tls::load_or_create(const OwnCertificate& own, TimePoint now, const Issuer* issuer) {
  if (is_given(own)) return load(own.certificate_file(), own.key_file());
  if (const auto why = why_anew(own, issuer, now)) {
    auto made = make_certificate(own, issuer, now);
    if (made) {
      log::info("made a certificate for the pages", {{"file", own.certificate_file().string()},
                                                     {"why", *why},
                                                     {"signed_by", issuer ? "the school's authority" : "itself"}});
    } else if (!issuer) {
      return std::unexpected(made.error());
    } else {
      log::warning("the school's authority has not signed the certificate for the pages",
                   {{"why", made.error().text()}, {"file", own.certificate_file().string()}});
      if (!still_serves(own, now))
        if (auto itself = make_certificate(own, nullptr, now); !itself) return std::unexpected(itself.error());
    }
  }
  auto loaded = read(own.certificate_file(), own.key_file());
  if (!loaded) {
    // A half-written pair is of no use to anybody: nothing but this program writes these files.
    log::warning("the certificate for the pages is made anew", {{"why", loaded.error().text()}});
    auto made = make_certificate(own, issuer, now);
    if (!made && issuer) made = make_certificate(own, nullptr, now);
    if (!made) return std::unexpected(made.error());
    loaded = read(own.certificate_file(), own.key_file());
  }
  if (!loaded) return std::unexpected(loaded.error());
  return std::move(*loaded);
}

}  // namespace schoolgate::web
