#include "proxy/tls/certificate_parts.h"

#include <gtest/gtest.h>

#include "tests/proxy/tls/certificates.h"

namespace schoolgate::tls {
namespace {

TEST(CertificateParts, NamesWhatIsAHostAndNothingElse) {
  for (const char* host :
       {"a", "site.test", "xn--caf-dma.test", "_dmarc.site.test", "a-b.c", "192.0.2.1", "2001:db8::1", "[2001:db8::1]"})
    EXPECT_TRUE(may_be_named(host)) << host;
  for (const char* host : {"", "a.", ".a", "a..b", "A", "a b", "*.a", "a/b", "[a]", "[192.0.2.1", "a\n"})
    EXPECT_FALSE(may_be_named(host)) << host;
  EXPECT_TRUE(may_be_named(std::string(63, 'a')));
  EXPECT_FALSE(may_be_named(std::string(64, 'a')));
  std::string longest;
  while (longest.size() < 253) longest += "a.";
  longest.resize(253);
  EXPECT_TRUE(may_be_named(longest));
  EXPECT_FALSE(may_be_named(longest + "aa"));
}

TEST(CertificateParts, TimesBeforeAndAfter2050AreReadAsTheyWereSet) {
  const Issued issued =
      issue({.from = *from_rfc3339("2049-12-31T23:59:59Z"), .to = *from_rfc3339("2050-01-01T00:00:01Z")});
  EXPECT_EQ(time_of(X509_get0_notBefore(issued.certificate.get())), *from_rfc3339("2049-12-31T23:59:59Z"));
  EXPECT_EQ(time_of(X509_get0_notAfter(issued.certificate.get())), *from_rfc3339("2050-01-01T00:00:01Z"));
}

TEST(CertificateParts, DerIsReadToItsLastByte) {
  const Issued issued = issue({});
  const std::string der = der_of(issued.certificate.get());
  EXPECT_TRUE(certificate_from_der(der));
  EXPECT_FALSE(certificate_from_der(der + "x"));
  EXPECT_FALSE(certificate_from_der(der.substr(1)));
  EXPECT_FALSE(certificate_from_der(""));
}

TEST(CertificateParts, TellsP256FromOtherKeys) {
  EXPECT_TRUE(is_p256(issue({.key = "P-256"}).key.get()));
  EXPECT_FALSE(is_p256(issue({.key = "P-384"}).key.get()));
  EXPECT_FALSE(is_p256(issue({.key = "RSA-2048"}).key.get()));
  EXPECT_FALSE(is_p256(nullptr));
}

}  // namespace
}  // namespace schoolgate::tls
