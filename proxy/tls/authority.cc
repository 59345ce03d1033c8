#include "proxy/tls/authority.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/digest.h"
#include "base/file.h"
#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/leaf.h"
#include "proxy/tls/openssl_error.h"

namespace schoolgate::tls {
namespace {

using std::chrono::days;

constexpr std::size_t kLargestFile = 64 * 1024;
constexpr auto kLifetime = days(3652);  // ten years

std::string content_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return size > 0 ? std::string(bytes, std::size_t(size)) : std::string();
}

/// A text that is wiped when it goes: a private key in the clear.
struct Secret {
  std::string text;
  ~Secret() { OPENSSL_cleanse(text.data(), text.size()); }
};

Result<void> only_ours_to_read(const std::filesystem::path& file) {
  struct stat about{};
  if (::stat(file.c_str(), &about) != 0) return fail_errno("cannot open " + file.string(), errno);
  if (about.st_mode & 077)
    return fail(Fault::config, file.string() + " can be read or changed by others", "run: chmod 600 " + file.string());
  return {};
}

}  // namespace

AuthorityFiles authority_files(const std::filesystem::path& folder) {
  return {folder / "authority.pem", folder / "authority.key"};
}

Result<void> create_authority(const std::filesystem::path& folder, std::string_view school, TimePoint now) {
  const AuthorityFiles files = authority_files(folder);
  for (const auto& file : {files.key, files.certificate}) {
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(file, error)) || (error && error.value() != ENOENT))
      return fail(Fault::config, "there is already an authority: " + file.string(),
                  "every device that trusts it would have to be set up again; move " + folder.string() +
                      " away if a new one is really wanted");
  }
  if (auto made = make_private_folder(folder); !made) return std::unexpected(made.error());

  const KeyHandle key(EVP_EC_gen("P-256"));
  if (!key) return fail_openssl(Fault::self, "cannot make a key");
  const std::string number = to_hex(sha256(public_half(key.get()))).substr(0, 8);
  const std::string tail = " web filter " + number;
  std::string name(school);
  if (name.empty()) name = "School";
  std::size_t room = 64 - tail.size();
  if (name.size() > room) {
    while (room > 0 && (std::uint8_t(name[room]) & 0xc0) == 0x80) --room;
    name.resize(room);
  }

  const CertificateHandle certificate(X509_new());
  X509* const x = certificate.get();
  const bool built = x && X509_set_version(x, X509_VERSION_3) && set_random_serial(x) &&
                     set_validity(x, now - days(1), now + kLifetime) && X509_set_pubkey(x, key.get()) &&
                     add_name(X509_get_subject_name(x), NID_organizationName, school.empty() ? "School" : school) &&
                     add_name(X509_get_subject_name(x), NID_commonName, name + tail) &&
                     X509_set_issuer_name(x, X509_get_subject_name(x)) &&
                     add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                     add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                     add_extension(x, x, NID_subject_key_identifier, "hash") &&
                     X509_sign(x, key.get(), EVP_sha256()) > 0;
  if (!built) return fail_openssl(Fault::self, "cannot make a certificate for \"" + std::string(school) + '"');

  const BioHandle key_text(BIO_new(BIO_s_secmem())), certificate_text(BIO_new(BIO_s_mem()));
  if (!key_text || !certificate_text || !PEM_write_bio_X509(certificate_text.get(), x) ||
      !PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr))
    return fail_openssl(Fault::self, "cannot write down the new authority");
  const Secret secret{content_of(key_text.get())};
  if (auto written = replace_file(files.key, secret.text, 0600); !written) return written;
  if (auto written = replace_file(files.certificate, content_of(certificate_text.get()), 0644); !written) {
    std::error_code ignored;
    std::filesystem::remove(files.key, ignored);  // half an authority would only be in the way
    return written;
  }
  return {};
}

Result<TimePoint> end_of_certificate(const std::filesystem::path& file) {
  const auto ends = ends_of_certificates(file);
  if (!ends) return std::unexpected(ends.error());
  return ends->front();
}

Result<std::vector<TimePoint>> ends_of_certificates(const std::filesystem::path& file) {
  const auto text = read_file(file, kLargestFile);
  if (!text) return std::unexpected(text.error());
  const BioHandle bio(BIO_new_mem_buf(text->data(), int(text->size())));
  std::vector<TimePoint> ends;
  while (const CertificateHandle certificate{bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr})
    ends.push_back(time_of(X509_get0_notAfter(certificate.get())));
  if (ends.empty()) return fail_openssl(Fault::config, file.string() + " holds no certificate");
  ERR_clear_error();  // that no more follow is none
  return ends;
}

Result<std::shared_ptr<const Authority>> Authority::load_public(const std::filesystem::path& folder) {
  const auto file = authority_files(folder).certificate;
  const auto text = read_file(file, kLargestFile);
  if (!text) return std::unexpected(text.error());
  const BioHandle bio(BIO_new_mem_buf(text->data(), int(text->size())));
  const std::shared_ptr<Authority> authority(new Authority);
  authority->certificate_.reset(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  X509* const x = authority->certificate_.get();
  if (!x) return fail_openssl(Fault::config, file.string() + " holds no certificate");
  if (X509_check_ca(x) != 1 || !(X509_get_key_usage(x) & KU_KEY_CERT_SIGN))
    return fail(Fault::config, file.string() + " is not the certificate of an authority",
                "make one with: schoolgate ca create");
  if (!is_p256(X509_get0_pubkey(x))) return fail(Fault::config, "the key of " + file.string() + " is not P-256");
  authority->public_key_ = public_half(X509_get0_pubkey(x));
  authority->not_before_ = time_of(X509_get0_notBefore(x));
  authority->not_after_ = time_of(X509_get0_notAfter(x));
  const X509_NAME* const subject = X509_get_subject_name(x);
  if (const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0) {
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (size > 0) authority->subject_.assign(reinterpret_cast<char*>(utf8), std::size_t(size));
    OPENSSL_free(utf8);
  }
  return authority;
}

Result<std::shared_ptr<const Authority>> Authority::load(const std::filesystem::path& folder) {
  auto loaded = load_public(folder);
  if (!loaded) return loaded;
  Authority& authority = const_cast<Authority&>(**loaded);  // still ours alone
  const AuthorityFiles files = authority_files(folder);
  if (auto ours = only_ours_to_read(files.key); !ours) return std::unexpected(ours.error());
  auto text = read_file(files.key, kLargestFile);
  if (!text) return std::unexpected(text.error());
  const Secret secret{std::move(*text)};
  const BioHandle bio(BIO_new_mem_buf(secret.text.data(), int(secret.text.size())));
  const auto no_password = [](char*, int, int, void*) { return -1; };
  authority.key_.reset(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr);
  if (!authority.key_) return fail_openssl(Fault::config, files.key.string() + " holds no private key");
  if (X509_check_private_key(authority.certificate(), authority.key()) != 1) {
    (void)take_openssl_error();
    return fail(Fault::config, files.key.string() + " does not belong to " + files.certificate.string(),
                "restore both files from the same backup");
  }
  return loaded;
}

std::string Authority::certificate_pem() const {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (!bio || !PEM_write_bio_X509(bio.get(), certificate_.get())) return {};
  return content_of(bio.get());
}

std::string Authority::certificate_der() const { return der_of(certificate_.get()); }

std::string Authority::fingerprint_sha256() const { return to_hex(sha256(certificate_der())); }

}  // namespace schoolgate::tls
