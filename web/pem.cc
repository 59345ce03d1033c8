#include "web/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>

namespace schoolgate::web {

std::unexpected<Error> fail_openssl(Fault fault, std::string what) {
  char text[256] = "";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return fail(fault, what + (*text ? ": " + std::string(text) : std::string()));
}

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

}  // namespace schoolgate::web
