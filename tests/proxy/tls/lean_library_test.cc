#include "proxy/tls/lean_library.h"

#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>

#include "tests/proxy/tls/upstream_talk.h"

namespace schoolgate::tls {
namespace {

int decoders_of(OSSL_LIB_CTX* library) {
  int count = 0;
  OSSL_DECODER_do_all_provided(library, [](OSSL_DECODER*, void* n) { ++*static_cast<int*>(n); }, &count);
  return count;
}

/// OpenSSL 3.5 gives such a library no random generator ("error instantiating drbg"): there the default stands in, and
/// that everything is verified by it the tests below show.
bool default_stands_in() {
  if (lean_library() != nullptr) return false;
  EXPECT_GE(OpenSSL_version_num(), 0x30500000UL) << "it is made where it can be";
  return true;
}

TEST(LeanLibrary, OffersFewDecodersAndNoEncoders) {
  if (default_stands_in()) return;
  EXPECT_EQ(lean_library(), lean_library());
  EXPECT_GT(decoders_of(lean_library()), 3);
  EXPECT_LE(decoders_of(lean_library()), 8);
  EXPECT_GT(decoders_of(nullptr), 20);
  int encoders = 0;
  OSSL_ENCODER_do_all_provided(lean_library(), [](OSSL_ENCODER*, void* n) { ++*static_cast<int*>(n); }, &encoders);
  EXPECT_EQ(encoders, 0);
}

class LeanLibraryTest : public UpstreamTalk {};

TEST_F(LeanLibraryTest, EveryKindOfKeyOfTheWebIsVerified) {
  for (const char* kind : {"P-256", "P-384", "P-521", "RSA-2048", "RSA-4096", "ED25519"}) {
    CertificateSpec spec = leaf_spec("DNS:site.test");
    spec.key = kind;
    EXPECT_EQ(fault_of(chain_of(spec)), CertificateFault()) << kind;
    CertificateSpec issuing;
    issuing.key = kind;
    const Issued ca = make_ca("its issuer", &root(), issuing);
    CertificateSpec leaf = leaf_spec("DNS:site.test");
    if (issuing.key == "ED25519") leaf.digest.clear();
    EXPECT_EQ(fault_of({issue(leaf, &ca), ca}), CertificateFault()) << kind;
  }
}

TEST_F(LeanLibraryTest, EveryGroupThatTheDefaultOffersIsSpoken) {
  for (const char* group : {"X25519", "P-256", "P-384", "P-521", "X448", "ffdhe2048"}) {
    const SslContextHandle server = plain_server_context(sound_chain());
    ASSERT_EQ(SSL_CTX_set1_groups_list(server.get(), group), 1) << group;
    const Connected connected = connect_to(server.get(), "site.test");
    EXPECT_TRUE(connected) << group << ": " << connected.error().error.text();
    socket->close();
    peer->join();
  }
}

TEST_F(LeanLibraryTest, EverySuiteThatWeOfferIsSpoken) {
  for (const char* suite : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                            "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA",
                            "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    const SslContextHandle server = plain_server_context(sound_chain());
    const bool is_13 = std::string_view(suite).starts_with("TLS_");
    ASSERT_EQ(SSL_CTX_set_max_proto_version(server.get(), is_13 ? TLS1_3_VERSION : TLS1_2_VERSION), 1);
    ASSERT_EQ(is_13 ? SSL_CTX_set_ciphersuites(server.get(), suite) : SSL_CTX_set_cipher_list(server.get(), suite), 1);
    const Connected connected = connect_to(server.get(), "site.test");
    EXPECT_TRUE(connected) << suite << ": " << connected.error().error.text();
    socket->close();
    peer->join();
  }
}

TEST_F(LeanLibraryTest, AKeyOfAnotherKindCannotBeReadAndIsRefused) {
  if (default_stands_in()) return;
  CertificateSpec spec = leaf_spec("DNS:site.test");
  spec.key = "X25519";
  const Issued odd = issue(spec, &intermediate());
  const X509* x = odd.certificate.get();
  const std::string der = [&] {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(x, &bytes);
    std::string out(reinterpret_cast<char*>(bytes), std::size_t(size));
    OPENSSL_free(bytes);
    return out;
  }();
  X509* read = X509_new_ex(lean_library(), nullptr);
  auto at = reinterpret_cast<const unsigned char*>(der.data());
  d2i_X509(&read, &at, long(der.size()));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(X509_get0_pubkey(read), nullptr);
  X509_free(read);
}

}  // namespace
}  // namespace schoolgate::tls
