#include "proxy/tls/server_check.h"

#include "tests/proxy/tls/upstream_talk.h"

namespace schoolgate::tls {
namespace {

using Kind = CertificateFault::Kind;
using std::chrono::days;

class ServerCheckTest : public UpstreamTalk {};

TEST_F(ServerCheckTest, ASoundChainIsAccepted) {
  for (const std::string_view host : {"site.test", "192.0.2.7", "2001:db8::7", "[2001:db8::7]"}) {
    const Connected connected = connect_to(sound_chain(), host);
    ASSERT_TRUE(connected) << host << ": " << connected.error().error.text();
    EXPECT_EQ(connected->leaf_fingerprint.size(), 64u);
    EXPECT_EQ(connected->version, TLS1_3_VERSION);
    EXPECT_FALSE(connected->resumed);
  }
}

TEST_F(ServerCheckTest, TheErrorSaysWhatTheFaultIs) {
  const Connected refused = connect_to(sound_chain(), "other.test");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.what, "the certificate that this site shows is for another name");
}

// INT-01
TEST_F(ServerCheckTest, AnExpiredCertificateIsRefusedWithItsDate) {
  CertificateSpec spec = leaf_spec("DNS:site.test");
  spec.to = wall_now() - days(3);
  const CertificateFault fault = fault_of(chain_of(spec));
  EXPECT_EQ(fault.kind, Kind::expired);
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(spec.to), fault.when);
}

TEST_F(ServerCheckTest, ACertificateOfTomorrowIsRefusedWithItsDate) {
  CertificateSpec spec = leaf_spec("DNS:site.test");
  spec.from = wall_now() + days(1);
  const CertificateFault fault = fault_of(chain_of(spec));
  EXPECT_EQ(fault.kind, Kind::not_yet_valid);
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(spec.from), fault.when);
}

TEST_F(ServerCheckTest, AnExpiredIntermediateIsRefused) {
  CertificateSpec spec;
  spec.to = wall_now() - days(1);
  const Issued old = make_ca("old intermediate", &root(), spec);
  EXPECT_EQ(fault_of({issue(leaf_spec("DNS:site.test"), &old), old}).kind, Kind::expired);
}

// INT-02
TEST_F(ServerCheckTest, ASiteThatVouchesForItselfIsRefused) {
  EXPECT_EQ(fault_of({issue(leaf_spec("DNS:site.test"))}).kind, Kind::self_signed);
}

TEST_F(ServerCheckTest, AnUnknownRootIsRefusedWhetherItIsSentOrNot) {
  const Issued stranger = make_ca("stranger");
  const Issued between = make_ca("between", &stranger);
  const Issued leaf = issue(leaf_spec("DNS:site.test"), &between);
  EXPECT_EQ(fault_of({leaf, between, stranger}).kind, Kind::unknown_issuer);
  EXPECT_EQ(fault_of({leaf, between}).kind, Kind::unknown_issuer);
}

TEST_F(ServerCheckTest, ARootOfTheSameNameIsNotTheRoot) {
  const Issued impostor = make_ca("test root");
  EXPECT_NE(fault_of({issue(leaf_spec("DNS:site.test"), &impostor), impostor}).kind, Kind::none);
}

// INT-03
TEST_F(ServerCheckTest, OnlyLegalMatchesOfTheNameAreAccepted) {
  const struct {
    const char *names, *host;
    bool matches;
  } cases[] = {
      {"DNS:other.test", "site.test", false},
      {"DNS:site.test", "site.test", true},
      {"DNS:SITE.test", "site.test", true},
      {"DNS:*.site.test", "www.site.test", true},
      {"DNS:*.site.test", "site.test", false},
      {"DNS:*.site.test", "a.b.site.test", false},
      {"DNS:*.*.site.test", "a.b.site.test", false},
      {"DNS:w*.site.test", "www.site.test", false},
      {"DNS:*", "site.test", false},
      {"DNS:*.test", "site.test", false},
      {"DNS:*.co.test", "school.co.test", false},
      {"DNS:*.co.test,DNS:school.co.test", "school.co.test", true},
      {"DNS:*.school.co.test", "www.school.co.test", true},
      {"DNS:192.0.2.7", "192.0.2.7", false},
      {"IP:192.0.2.7", "192.0.2.7", true},
      {"IP:192.0.2.8", "192.0.2.7", false},
      {"IP:2001:db8::7", "[2001:db8::7]", true},
      {"email:site.test", "site.test", false},
  };
  for (const auto& [names, host, matches] : cases)
    EXPECT_EQ(fault_of(chain_of(leaf_spec(names)), host).kind, matches ? Kind::none : Kind::wrong_name)
        << names << " for " << host;
}

TEST_F(ServerCheckTest, TheCommonNameIsNoName) {
  CertificateSpec spec = leaf_spec("");
  spec.common_name = "site.test";
  EXPECT_EQ(fault_of(chain_of(spec)).kind, Kind::wrong_name);
}

// INT-04
TEST_F(ServerCheckTest, AForgottenIntermediateIsSaidSo) {
  EXPECT_EQ(fault_of({sound_chain().front()}).kind, Kind::incomplete_chain);
}

// INT-05
TEST_F(ServerCheckTest, AnIssuerThatMayNotIssueIsRefused) {
  CertificateSpec not_ca = leaf_spec("DNS:other.test");
  not_ca.key_usage = "critical,digitalSignature,keyCertSign";
  const Issued leaf_as_issuer = issue(not_ca, &root());
  EXPECT_EQ(fault_of({issue(leaf_spec("DNS:site.test"), &leaf_as_issuer), leaf_as_issuer}).kind, Kind::broken_chain);

  CertificateSpec no_sign;
  no_sign.key_usage = "critical,digitalSignature";
  const Issued may_not_sign = make_ca("may not sign", &root(), no_sign);
  EXPECT_NE(fault_of({issue(leaf_spec("DNS:site.test"), &may_not_sign), may_not_sign}).kind, Kind::none);
}

TEST_F(ServerCheckTest, APathLongerThanAllowedIsRefused) {
  CertificateSpec short_path;
  short_path.basic_constraints = "critical,CA:TRUE,pathlen:0";
  const Issued first = make_ca("path 0", &root(), short_path);
  const Issued second = make_ca("one too many", &first);
  EXPECT_EQ(fault_of({issue(leaf_spec("DNS:site.test"), &second), second, first}).kind, Kind::broken_chain);
}

TEST_F(ServerCheckTest, NameConstraintsHold) {
  CertificateSpec constrained;
  constrained.more = {{"nameConstraints", "critical,permitted;DNS:.school.test"}};
  const Issued ca = make_ca("school only", &root(), constrained);
  EXPECT_EQ(fault_of({issue(leaf_spec("DNS:site.test"), &ca), ca}).kind, Kind::broken_chain);
  EXPECT_EQ(fault_of({issue(leaf_spec("DNS:www.school.test"), &ca), ca}, "www.school.test").kind, Kind::none);
}

TEST_F(ServerCheckTest, ACertificateForOtherUsesIsRefused) {
  CertificateSpec client = leaf_spec("DNS:site.test");
  client.extended_key_usage = "clientAuth";
  EXPECT_EQ(fault_of(chain_of(client)).kind, Kind::not_for_servers);
}

TEST_F(ServerCheckTest, AnUnknownCriticalExtensionIsRefused) {
  CertificateSpec odd = leaf_spec("DNS:site.test");
  odd.more = {{"1.3.6.1.4.1.32473.1", "critical,DER:0500"}};
  EXPECT_EQ(fault_of(chain_of(odd)).kind, Kind::broken_chain);
}

// INT-07
TEST_F(ServerCheckTest, WeakKeysAndSignaturesAreRefused) {
  CertificateSpec small = leaf_spec("DNS:site.test");
  small.key = "RSA-1024";
  EXPECT_EQ(fault_of(chain_of(small)).kind, Kind::weak);
  CertificateSpec sha1 = leaf_spec("DNS:site.test");
  sha1.digest = "SHA1";
  EXPECT_EQ(fault_of(chain_of(sha1)).kind, Kind::weak);
  CertificateSpec rsa;
  rsa.key = "RSA-2048";
  const Issued rsa_ca = make_ca("RSA intermediate", &root(), rsa);
  CertificateSpec md5 = leaf_spec("DNS:site.test");
  md5.digest = "MD5";
  EXPECT_EQ(fault_of({issue(md5, &rsa_ca), rsa_ca}).kind, Kind::weak);
  CertificateSpec sound = leaf_spec("DNS:site.test");
  sound.key = "RSA-2048";
  EXPECT_EQ(fault_of(chain_of(sound)).kind, Kind::none);
}

// INT-12: as an admin who installed our root in the gateway's own store would have it.
TEST_F(ServerCheckTest, OurOwnAuthorityIsRefusedUpstream) {
  ASSERT_TRUE(create_authority(folder.path() / "ca", "Ashford Oaks", wall_now()));
  const auto own = Authority::load(folder.path() / "ca");
  ASSERT_TRUE(own) << own.error().text();
  X509_up_ref((*own)->certificate());
  EVP_PKEY_up_ref((*own)->key());
  const Issued ours{{(*own)->certificate(), X509_free}, {(*own)->key(), EVP_PKEY_free}};
  const Issued leaf = issue(leaf_spec("DNS:site.test"), &ours);

  TrustSettings with_ours = settings();
  with_ours.own_authority = *own;
  trust(with_ours);
  EXPECT_EQ(fault_of({leaf}).kind, Kind::own_authority);
  EXPECT_EQ(fault_of({leaf, ours}).kind, Kind::own_authority);
  with_ours.extra_roots.push_back(authority_files(folder.path() / "ca").certificate);
  trust(with_ours);
  EXPECT_EQ(fault_of({leaf}).kind, Kind::own_authority);
  EXPECT_EQ(fault_of(sound_chain()).kind, Kind::none);

  TrustSettings without = with_ours;
  without.own_authority = nullptr;
  trust(without);
  EXPECT_EQ(fault_of({leaf}).kind, Kind::none);  // it is this check that refuses, and nothing else
}

// INT-13
TEST_F(ServerCheckTest, APinnedSiteMayOnlyBeVouchedForByItsRoot) {
  const Issued own_root = make_ca("the school's intranet root");
  TrustSettings pinned = settings();
  pinned.pins = {{"intranet.test", folder.write("intranet.pem", own_root.pem())}};
  trust(pinned);
  const std::vector<Issued> private_site = {issue(leaf_spec("DNS:wiki.intranet.test,DNS:site.test"), &own_root)};
  EXPECT_EQ(fault_of(private_site, "wiki.intranet.test").kind, Kind::none);
  EXPECT_NE(fault_of(private_site, "site.test").kind, Kind::none);
  EXPECT_NE(fault_of(chain_of(leaf_spec("DNS:wiki.intranet.test")), "wiki.intranet.test").kind, Kind::none);
}

// TLS-30
TEST_F(ServerCheckTest, CertificatesOverTheBoundAreRefused) {
  std::string names = "DNS:site.test";
  for (int i = 0; i < 14'000; ++i) names += ",DNS:host-" + std::to_string(i) + ".site.test";
  EXPECT_EQ(fault_of(chain_of(leaf_spec(names))).kind, Kind::too_large);
}

TEST_F(ServerCheckTest, AThousandNamesAreFine) {
  std::string names = "DNS:site.test";
  for (int i = 0; i < 1'000; ++i) names += ",DNS:host-" + std::to_string(i) + ".site.test";
  EXPECT_EQ(fault_of(chain_of(leaf_spec(names))).kind, Kind::none);
}

}  // namespace
}  // namespace schoolgate::tls
