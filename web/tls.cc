#include "web/tls.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "web/tls_context.h"

namespace schoolgate::web {
namespace {

using std::chrono::days;

constexpr std::size_t kLargestFile = 256 * 1024;
constexpr auto kLifetime = days(825);  // the longest that Apple's systems accept
constexpr auto kRenewBefore = days(30);

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* thing) const noexcept {
    Free(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

std::unexpected<Error> fail_openssl(Fault fault, std::string what) {
  char text[256] = "";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return fail(fault, what + (*text ? ": " + std::string(text) : std::string()));
}

std::string content_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return size > 0 ? std::string(bytes, std::size_t(size)) : std::string();
}

struct Secret {
  std::string text;
  ~Secret() { OPENSSL_cleanse(text.data(), text.size()); }
};

Certificate first_certificate(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), int(pem.size())));
  Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  return certificate;
}

TimePoint time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return TimePoint(std::chrono::seconds(::timegm(&parts)));
}

bool signs_itself(X509* certificate) {
  const bool itself = X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0 &&
                      X509_verify(certificate, X509_get0_pubkey(certificate)) == 1;
  ERR_clear_error();
  return itself;
}

bool names_all(X509* certificate, const OwnCertificate& own) {
  return std::ranges::all_of(own.names,
                             [&](const std::string& name) {
                               return X509_check_host(certificate, name.data(), name.size(), 0, nullptr) == 1;
                             }) &&
         std::ranges::all_of(own.addresses, [&](const names::IpAddress& address) {
           return X509_check_ip_asc(certificate, address.text().c_str(), 0) == 1;
         });
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_name(X509_NAME* subject, int nid, std::string_view text) {
  return X509_NAME_add_entry_by_NID(subject, nid, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    int(text.size()), -1, 0) == 1;
}

/// At most 64 bytes (RFC 5280 ub-organization-name, counted carefully), cut between characters.
std::string fitting(std::string text) {
  std::size_t size = std::min<std::size_t>(text.size(), 64);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  text.resize(size);
  return text;
}

/// Names come from the configuration and go into a text that OpenSSL takes apart at commas.
bool is_dns_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

Result<void> create(const OwnCertificate& own, const std::filesystem::path& certificate_file,
                    const std::filesystem::path& key_file, TimePoint now) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate made(X509_new());
  X509* const x = made.get();
  if (!key || !x) return fail_openssl(Fault::self, "cannot make a key");

  std::string alternatives = "DNS:localhost,IP:127.0.0.1,IP:::1";
  for (const std::string& name : own.names) {
    if (!is_dns_name(name)) return fail(Fault::config, '"' + name + "\" is no name for a certificate");
    if (name != "localhost") alternatives += ",DNS:" + name;
  }
  for (const names::IpAddress& address : own.addresses) alternatives += ",IP:" + address.text();

  std::array<std::uint8_t, 16> serial{};
  fill_random(serial);
  serial[0] = serial[0] >> 1 | 0x40;  // positive and of full length
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(BN_bin2bn(serial.data(), serial.size(), nullptr));
  const auto seconds = [](TimePoint time) {
    return std::time_t(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
  };
  X509_NAME* const subject = X509_get_subject_name(x);
  const bool built =
      number && X509_set_version(x, X509_VERSION_3) && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x)) &&
      ASN1_TIME_set(X509_getm_notBefore(x), seconds(now - std::chrono::hours(1))) &&
      ASN1_TIME_set(X509_getm_notAfter(x), seconds(now - std::chrono::hours(1) + kLifetime)) &&
      X509_set_pubkey(x, key.get()) && add_name(subject, NID_organizationName, fitting(own.school)) &&
      add_name(subject, NID_commonName, fitting("Schoolgate " + own.file)) && X509_set_issuer_name(x, subject) &&
      add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(x, NID_key_usage, "critical,digitalSignature") &&
      add_extension(x, NID_ext_key_usage, "serverAuth") && add_extension(x, NID_subject_key_identifier, "hash") &&
      add_extension(x, NID_subject_alt_name, alternatives) && X509_sign(x, key.get(), EVP_sha256()) > 0;
  if (!built) return fail_openssl(Fault::self, "cannot make a certificate for the pages");

  const Bio key_text(BIO_new(BIO_s_secmem())), certificate_text(BIO_new(BIO_s_mem()));
  if (!key_text || !certificate_text || !PEM_write_bio_X509(certificate_text.get(), x) ||
      !PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr))
    return fail_openssl(Fault::self, "cannot write down the certificate for the pages");
  const Secret secret{content_of(key_text.get())};
  if (auto written = replace_file(key_file, secret.text, 0600); !written) return written;
  return replace_file(certificate_file, content_of(certificate_text.get()), 0644);
}

/// Nothing when the certificate that is there serves; else why a new one is needed.
std::optional<std::string> why_anew(const OwnCertificate& own, const std::filesystem::path& certificate_file,
                                    const std::filesystem::path& key_file, TimePoint now) {
  std::error_code ignored;
  if (!std::filesystem::exists(certificate_file, ignored) || !std::filesystem::exists(key_file, ignored))
    return "there is none";
  const auto text = read_file(certificate_file, kLargestFile);
  const Certificate certificate = text ? first_certificate(*text) : nullptr;
  if (!certificate) return "it cannot be read";
  if (time_of(X509_get0_notAfter(certificate.get())) <= now + kRenewBefore) return "it runs out";
  if (!names_all(certificate.get(), own)) return "it does not name what it should";
  return std::nullopt;
}

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
  const auto chain = read_file(certificate, kLargestFile);
  if (!chain) return std::unexpected(chain.error());
  auto key_text = read_file(key, kLargestFile);
  if (!key_text) return std::unexpected(key_text.error());
  const Secret secret{std::move(*key_text)};
  struct stat about{};
  if (::stat(key.c_str(), &about) == 0 && (about.st_mode & 07) != 0)
    return fail(Fault::config, key.string() + " can be read by every user", "run: chmod o= " + key.string());

  const Certificate leaf = first_certificate(*chain);
  if (!leaf) return fail(Fault::config, certificate.string() + " holds no certificate in PEM");
  const std::shared_ptr<Tls> tls(new Tls);
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

Result<std::shared_ptr<const Tls>> Tls::load_or_create(const OwnCertificate& own, TimePoint now) {
  const auto certificate = own.folder / (own.file + ".crt"), key = own.folder / (own.file + ".key");
  if (const auto why = why_anew(own, certificate, key, now)) {
    if (auto made = create(own, certificate, key, now); !made) return std::unexpected(made.error());
    log::info("made a certificate for the pages", {{"file", certificate.string()}, {"why", *why}});
  }
  auto loaded = load(certificate, key);
  if (loaded) return loaded;
  // A half-written pair is of no use to anybody: nothing but this program writes these files.
  log::warning("the certificate for the pages is made anew", {{"why", loaded.error().text()}});
  if (auto made = create(own, certificate, key, now); !made) return std::unexpected(made.error());
  return load(certificate, key);
}

}  // namespace schoolgate::web
