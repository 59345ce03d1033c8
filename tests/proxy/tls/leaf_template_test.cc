#include "proxy/tls/leaf_template.h"

#include <gmock/gmock.h>
#include <openssl/x509v3.h>

#include <set>

#include "proxy/tls/certificate_parts.h"
#include "tests/proxy/tls/certificates.h"
#include "tests/proxy/tls/scratch_folder.h"

namespace schoolgate::tls {
namespace {

using std::chrono::days;
using namespace std::string_view_literals;
using testing::HasSubstr;

std::string subject_of(const X509* certificate, int nid) {
  char text[256] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), nid, text, sizeof text);
  return text;
}

struct LeafTemplateTest : testing::Test {
  ScratchFolder scratch;
  std::shared_ptr<const Authority> authority;
  KeyHandle key = std::move(*make_leaf_key());
  std::optional<LeafTemplate> pattern;

  LeafTemplateTest() {
    EXPECT_TRUE(create_authority(scratch.path() / "ca", "Test School", wall_now()));
    authority = *Authority::load(scratch.path() / "ca");
    pattern.emplace(*LeafTemplate::make(authority, public_half(key.get())));
  }
  CertificateHandle mint(std::string_view host, LeafFor what = LeafFor::verified_site, TimePoint now = wall_now()) {
    const auto der = pattern->mint(host, what, now);
    EXPECT_TRUE(der) << der.error().text();
    return der ? certificate_from_der(*der) : nullptr;
  }
  /// As a client with our authority verifies it.
  int verify(X509* leaf, const char* host) {
    const StoreHandle store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), authority->certificate());
    const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                                  X509_STORE_CTX_free);
    X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr);
    X509_STORE_CTX_set_default(context.get(), "ssl_server");
    X509_VERIFY_PARAM* const param = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (!X509_VERIFY_PARAM_set1_ip_asc(param, host)) X509_VERIFY_PARAM_set1_host(param, host, 0);
    X509_verify_cert(context.get());
    return X509_STORE_CTX_get_error(context.get());
  }
};

// INT-18, TLS-28
TEST_F(LeafTemplateTest, ALeafNamesTheRequestedHostAndNothingElse) {
  const TimePoint now = wall_now();
  const CertificateHandle leaf = mint("www.site.test", LeafFor::verified_site, now);
  EXPECT_EQ(printed_extension(leaf.get(), NID_subject_alt_name), "DNS:www.site.test");
  EXPECT_EQ(printed_extension(leaf.get(), NID_ext_key_usage), "TLS Web Server Authentication");
  EXPECT_EQ(printed_extension(leaf.get(), NID_key_usage), "critical Digital Signature");
  EXPECT_EQ(printed_extension(leaf.get(), NID_basic_constraints), "critical CA:FALSE");
  EXPECT_NE(printed_extension(leaf.get(), NID_authority_key_identifier), "");
  EXPECT_EQ(X509_get_ext_count(leaf.get()), 5);
  EXPECT_TRUE(is_p256(X509_get0_pubkey(leaf.get())));
  EXPECT_EQ(time_of(X509_get0_notBefore(leaf.get())), std::chrono::floor<std::chrono::seconds>(now - days(1)));
  const auto life = time_of(X509_get0_notAfter(leaf.get())) - time_of(X509_get0_notBefore(leaf.get()));
  EXPECT_LE(life, days(199));
  EXPECT_GT(life, days(198));
  EXPECT_EQ(verify(leaf.get(), "www.site.test"), X509_V_OK);
  EXPECT_EQ(verify(leaf.get(), "site.test"), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_F(LeafTemplateTest, TheNextLeafKeepsNothingOfTheOneBefore) {
  std::set<std::string> serials;
  for (int i = 0; i < 200; ++i) {
    const std::string host = "host" + std::to_string(i) + ".test";
    const CertificateHandle leaf = mint(host, i % 2 ? LeafFor::own_page : LeafFor::verified_site);
    EXPECT_EQ(printed_extension(leaf.get(), NID_subject_alt_name), "DNS:" + host);
    EXPECT_EQ(subject_of(leaf.get(), NID_commonName), host);
    EXPECT_EQ(verify(leaf.get(), host.c_str()), X509_V_OK);
    const ASN1_INTEGER* serial = X509_get0_serialNumber(leaf.get());
    EXPECT_EQ(ASN1_STRING_length(serial), 16);
    serials.emplace(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)), 16);
  }
  EXPECT_EQ(serials.size(), 200u);
}

TEST_F(LeafTemplateTest, AddressesAreNamedAsAddresses) {
  EXPECT_EQ(printed_extension(mint("192.0.2.1").get(), NID_subject_alt_name), "IP Address:192.0.2.1");
  const CertificateHandle leaf = mint("[2001:db8::1]");
  EXPECT_EQ(printed_extension(leaf.get(), NID_subject_alt_name), "IP Address:2001:DB8:0:0:0:0:0:1");
  EXPECT_EQ(verify(leaf.get(), "2001:db8::1"), X509_V_OK);
}

TEST_F(LeafTemplateTest, ANameTooLongForASubjectStillWorks) {
  const std::string host = std::string(60, 'a') + '.' + std::string(60, 'b') + ".test";
  const CertificateHandle leaf = mint(host);
  EXPECT_EQ(printed_extension(leaf.get(), NID_subject_alt_name), "critical DNS:" + host);
  EXPECT_EQ(verify(leaf.get(), host.c_str()), X509_V_OK);
  EXPECT_EQ(printed_extension(mint("short.test").get(), NID_subject_alt_name), "DNS:short.test");
}

TEST_F(LeafTemplateTest, APageOfOurOwnSaysSoAndLivesADay) {
  const TimePoint now = wall_now();
  const CertificateHandle leaf = mint("blocked.test", LeafFor::own_page, now);
  EXPECT_THAT(subject_of(leaf.get(), NID_organizationName), HasSubstr("web filter"));
  EXPECT_LE(time_of(X509_get0_notAfter(leaf.get())), now + days(1));
  EXPECT_GT(time_of(X509_get0_notAfter(leaf.get())), now + std::chrono::hours(23));
  EXPECT_EQ(subject_of(mint("site.test").get(), NID_organizationName), "");
}

TEST_F(LeafTemplateTest, NoLeafOutlivesTheAuthority) {
  const TimePoint late = authority->not_after() - days(30);
  EXPECT_EQ(time_of(X509_get0_notAfter(mint("site.test", LeafFor::verified_site, late).get())), authority->not_after());
  const auto after = pattern->mint("site.test", LeafFor::verified_site, authority->not_after());
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().fault, Fault::config);
}

TEST_F(LeafTemplateTest, NothingButAHostIsEverNamed) {
  for (const std::string_view host :
       {""sv, "."sv, "a..b"sv, ".a"sv, "a."sv, "*.site.test"sv, "Site.test"sv, "a b"sv, "a,DNS:bank.test"sv, "a/b"sv,
        "[::1"sv, "a:443"sv, "a\0b"sv, "caf\xc3\xa9.test"sv})
    EXPECT_FALSE(pattern->mint(host, LeafFor::verified_site, wall_now())) << host;
  EXPECT_FALSE(pattern->mint(std::string(64, 'a') + ".test", LeafFor::verified_site, wall_now()));
}

TEST_F(LeafTemplateTest, ItNeedsTheAuthoritysKeyAndAP256KeyForLeaves) {
  const auto without_key = *Authority::load_public(scratch.path() / "ca");
  EXPECT_FALSE(LeafTemplate::make(without_key, public_half(key.get())));
  EXPECT_FALSE(LeafTemplate::make(authority, "not a key"));
  EXPECT_FALSE(LeafTemplate::make(authority, public_half(key.get()) + "x"));
  const Issued rsa = issue({.key = "RSA-2048"});
  EXPECT_FALSE(LeafTemplate::make(authority, public_half(rsa.key.get())));
}

}  // namespace
}  // namespace schoolgate::tls
