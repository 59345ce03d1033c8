#include "proxy/tls/staple.h"

#include <openssl/ocsp.h>

#include "tests/proxy/tls/upstream_talk.h"

namespace schoolgate::tls {
namespace {

using Kind = CertificateFault::Kind;
using std::chrono::hours;

struct StapledAnswer {
  int status = V_OCSP_CERTSTATUS_GOOD;
  std::chrono::hours from = hours(-1), to = hours(24);
};

/// What `responder` says about `leaf`.
std::string ocsp_answer(const Issued& leaf, const Issued& issuer, const Issued& responder,
                        const StapledAnswer& answer = {}) {
  OCSP_BASICRESP* const basic = OCSP_BASICRESP_new();
  OCSP_CERTID* const id = OCSP_cert_to_id(EVP_sha1(), leaf.certificate.get(), issuer.certificate.get());
  ASN1_TIME* const from = X509_gmtime_adj(nullptr, std::chrono::seconds(answer.from).count());
  ASN1_TIME* const to = X509_gmtime_adj(nullptr, std::chrono::seconds(answer.to).count());
  const bool revoked = answer.status == V_OCSP_CERTSTATUS_REVOKED;
  EXPECT_NE(OCSP_basic_add1_status(basic, id, answer.status, revoked ? OCSP_REVOKED_STATUS_KEYCOMPROMISE : 0,
                                   revoked ? from : nullptr, from, to),
            nullptr);
  EXPECT_EQ(OCSP_basic_sign(basic, responder.certificate.get(), responder.key.get(), EVP_sha256(), nullptr, 0), 1);
  OCSP_RESPONSE* const response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* bytes = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &bytes);
  std::string der(reinterpret_cast<char*>(bytes), std::size_t(size));
  OPENSSL_free(bytes);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_CERTID_free(id);
  ASN1_TIME_free(from);
  ASN1_TIME_free(to);
  return der;
}

class StapleTest : public UpstreamTalk {
 protected:
  StapleTest() {
    leaf = issue(leaf_spec("DNS:site.test"), &intermediate());
    CertificateSpec promising = leaf_spec("DNS:site.test");
    promising.more = {{"tlsfeature", "status_request"}};
    must = issue(promising, &intermediate());
  }
  Kind fault_with(const Issued& shown, const std::string& answer, int version = TLS1_3_VERSION) {
    staple = answer;
    const SslContextHandle server = plain_server_context({shown, intermediate()});
    SSL_CTX_set_max_proto_version(server.get(), version);
    SSL_CTX_set_tlsext_status_arg(server.get(), this);
    SSL_CTX_set_tlsext_status_cb(
        server.get(), +[](SSL* ssl, void* test) {
          const std::string& bytes = static_cast<StapleTest*>(test)->staple;
          if (bytes.empty()) return SSL_TLSEXT_ERR_NOACK;
          EXPECT_EQ(SSL_get_tlsext_status_type(ssl), TLSEXT_STATUSTYPE_ocsp) << "a staple is asked for";
          SSL_set_tlsext_status_ocsp_resp(ssl, OPENSSL_memdup(bytes.data(), bytes.size()), long(bytes.size()));
          return SSL_TLSEXT_ERR_OK;
        });
    const Connected connected = connect_to(server.get(), "site.test");
    socket->close();
    peer->join();
    if (connected) return Kind::none;
    EXPECT_EQ(connected.error().kind, HandshakeFailure::Kind::certificate) << connected.error().error.text();
    return connected.error().certificate.kind;
  }
  std::string about(const Issued& shown, const StapledAnswer& answer = {}) {
    return ocsp_answer(shown, intermediate(), intermediate(), answer);
  }

  Issued leaf, must;
  std::string staple;
};

// INT-06
TEST_F(StapleTest, ARevokedCertificateIsRefused) {
  const std::string revoked = about(leaf, {.status = V_OCSP_CERTSTATUS_REVOKED});
  EXPECT_EQ(fault_with(leaf, revoked), Kind::revoked);
  EXPECT_EQ(fault_with(leaf, revoked, TLS1_2_VERSION), Kind::revoked);
  EXPECT_EQ(fault_with(leaf, about(leaf)), Kind::none);
  EXPECT_EQ(fault_with(leaf, ""), Kind::none) << "no staple, nothing known";
}

// INT-25
TEST_F(StapleTest, APromisedStapleMustComeAndBeGood) {
  EXPECT_EQ(fault_with(must, ""), Kind::no_revocation_proof);
  EXPECT_EQ(fault_with(must, "", TLS1_2_VERSION), Kind::no_revocation_proof);
  EXPECT_EQ(fault_with(must, about(must)), Kind::none);
  EXPECT_EQ(fault_with(must, about(must), TLS1_2_VERSION), Kind::none);
  EXPECT_EQ(fault_with(must, about(must, {.status = V_OCSP_CERTSTATUS_REVOKED})), Kind::revoked);
  EXPECT_EQ(fault_with(must, about(must, {.status = V_OCSP_CERTSTATUS_UNKNOWN})), Kind::no_revocation_proof);
  EXPECT_EQ(fault_with(must, about(must, {.from = hours(-48), .to = hours(-24)})), Kind::no_revocation_proof);
  EXPECT_EQ(fault_with(must, about(leaf)), Kind::no_revocation_proof) << "about another certificate";
  EXPECT_EQ(fault_with(must, "rubbish"), Kind::no_revocation_proof);
}

TEST_F(StapleTest, OnlyTheIssuerAndWhomItNamedMaySpeak) {
  const Issued stranger = make_ca("stranger");
  EXPECT_EQ(fault_with(must, ocsp_answer(must, intermediate(), stranger)), Kind::no_revocation_proof);
  CertificateSpec named = leaf_spec("");
  named.common_name = "responder";
  named.extended_key_usage = "OCSPSigning";
  EXPECT_EQ(fault_with(must, ocsp_answer(must, intermediate(), issue(named, &intermediate()))), Kind::none);
  named.extended_key_usage = "serverAuth";
  const Issued not_named = issue(named, &intermediate());
  EXPECT_EQ(fault_with(must, ocsp_answer(must, intermediate(), not_named)), Kind::no_revocation_proof);
}

TEST_F(StapleTest, ThePromiseIsReadFromTheCertificate) {
  EXPECT_TRUE(must_staple(must.certificate.get()));
  EXPECT_FALSE(must_staple(leaf.certificate.get()));
  EXPECT_FALSE(must_staple(nullptr));
}

}  // namespace
}  // namespace schoolgate::tls
