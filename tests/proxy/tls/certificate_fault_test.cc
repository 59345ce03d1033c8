#include "proxy/tls/certificate_fault.h"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include <set>

namespace schoolgate::tls {
namespace {

using Kind = CertificateFault::Kind;

TEST(CertificateFault, SaysTheDayInWords) {
  EXPECT_EQ((CertificateFault{Kind::expired, *from_rfc3339("2026-05-02T23:59:59Z")}.text()),
            "The certificate of this site ended on 2 May 2026.");
  EXPECT_EQ((CertificateFault{Kind::not_yet_valid, *from_rfc3339("2027-12-31")}.text()),
            "The certificate of this site is not valid before 31 December 2027.");
}

TEST(CertificateFault, EveryKindHasItsOwnWords) {
  std::set<std::string> sentences;
  std::set<std::string_view> names;
  for (int kind = int(Kind::none) + 1; kind <= int(Kind::other); ++kind) {
    const CertificateFault fault{.kind = Kind(kind)};
    EXPECT_TRUE(fault);
    EXPECT_TRUE(fault.text().ends_with('.') && fault.text().starts_with('T')) << kind;
    EXPECT_TRUE(sentences.insert(fault.text()).second) << kind;
    EXPECT_TRUE(names.insert(to_string(fault.kind)).second) << kind;
  }
  EXPECT_FALSE(CertificateFault());
  EXPECT_EQ(CertificateFault().text(), "");
}

TEST(CertificateFault, AnErrorThatNobodyThoughtOfIsStillAFault) {
  for (int error = 1; error < 110; ++error) EXPECT_NE(kind_of_verify_error(error, 0, 1), Kind::none) << error;
  EXPECT_EQ(kind_of_verify_error(X509_V_OK, 0, 1), Kind::none);
  EXPECT_EQ(kind_of_verify_error(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0, 1), Kind::incomplete_chain);
  EXPECT_EQ(kind_of_verify_error(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1, 2), Kind::unknown_issuer);
}

}  // namespace
}  // namespace schoolgate::tls
