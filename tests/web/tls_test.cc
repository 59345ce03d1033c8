#include "web/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "tests/web/client.h"
#include "web/own_certificate.h"
#include "web/server.h"

namespace schoolgate::web {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    std::string pattern = (fs::temp_directory_path() / "web_tls_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~TlsTest() override { fs::remove_all(folder_); }

  OwnCertificate own() const {
    return {.folder = folder_,
            .file = "console",
            .school = "Ashford Oaks",
            .names = {"desk.school.example"},
            .addresses = {*names::IpAddress::parse("192.0.2.7")}};
  }
  fs::path folder_;
  const TimePoint now_ = wall_now();
};

/// A TLS connection to a port on loopback; what it learnt while shaking hands.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, int highest = TLS1_3_VERSION, const char* ciphers = nullptr)
      : tcp_(port), context_(SSL_CTX_new(TLS_client_method())), ssl_(nullptr) {
    SSL_CTX_set_max_proto_version(context_, highest);
    SSL_CTX_set_min_proto_version(context_, highest);
    if (ciphers) SSL_CTX_set_cipher_list(context_, ciphers);
    SSL_CTX_set_security_level(context_, 0);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, tcp_.fd());
    shaken_ = SSL_connect(ssl_) == 1;
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool shaken() const { return shaken_; }
  X509* certificate() const { return SSL_get0_peer_certificate(ssl_); }
  std::string ask(std::string_view request) {
    if (SSL_write(ssl_, request.data(), int(request.size())) <= 0) return {};
    std::string answer;
    char bytes[4096];
    for (int got = 0; (got = SSL_read(ssl_, bytes, sizeof bytes)) > 0;) answer.append(bytes, std::size_t(got));
    return answer;
  }

 private:
  Client tcp_;
  SSL_CTX* context_;
  SSL* ssl_;
  bool shaken_ = false;
};

std::unique_ptr<Server> serve(std::shared_ptr<const Tls> tls) {
  auto router = std::make_shared<Router>();
  router->get("/", [](const Request& r) { return text(r.tls ? "inside" : "in clear"); });
  auto server = Server::start("test", {{*names::IpAddress::parse("127.0.0.1"), 0, std::move(tls), router}});
  return server ? std::move(*server) : nullptr;
}

TEST_F(TlsTest, ACertificateIsMadeOnceAndKept) {
  const auto first = Tls::load_or_create(own(), now_);
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_TRUE((*first)->self_signed());
  EXPECT_EQ((*first)->fingerprint().size(), 95u);
  EXPECT_GT((*first)->expires(), now_ + days(820));
  EXPECT_LT((*first)->expires(), now_ + days(826));
  struct stat about{};
  ASSERT_EQ(::stat((folder_ / "console.key").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  const auto second = Tls::load_or_create(own(), now_);
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->fingerprint(), (*first)->fingerprint());
}

TEST_F(TlsTest, ItIsMadeAnewWhenItRunsOutOrNamesTooLittle) {
  const auto first = Tls::load_or_create(own(), now_);
  ASSERT_TRUE(first);
  const auto late = Tls::load_or_create(own(), now_ + days(800));
  ASSERT_TRUE(late);
  EXPECT_NE((*late)->fingerprint(), (*first)->fingerprint());
  OwnCertificate more = own();
  more.names.push_back("filter.school.example");
  const auto wider = Tls::load_or_create(more, now_ + days(800));
  ASSERT_TRUE(wider);
  EXPECT_NE((*wider)->fingerprint(), (*late)->fingerprint());
  const auto fewer = Tls::load_or_create(own(), now_ + days(800));  // names more than it must: kept
  ASSERT_TRUE(fewer);
  EXPECT_EQ((*fewer)->fingerprint(), (*wider)->fingerprint());
}

TEST_F(TlsTest, APairThatDoesNotFitIsMadeAnew) {
  ASSERT_TRUE(Tls::load_or_create(own(), now_));
  ASSERT_TRUE(replace_file(folder_ / "console.key", "nothing\n"));
  EXPECT_TRUE(Tls::load_or_create(own(), now_));
}

TEST_F(TlsTest, ANameThatWouldReachIntoTheExtensionIsRefused) {
  OwnCertificate strange = own();
  strange.names = {"a.example,IP:192.0.2.9"};
  EXPECT_FALSE(Tls::load_or_create(strange, now_));
}

// A pair that the school has put where the gateway's own would be.
TEST_F(TlsTest, ACertificateOfTheSchoolIsServedAndNeverReplaced) {
  OwnCertificate other = own();
  other.file = "schools";  // signs itself too, but is not what we would have made for the desk
  other.names = {"other.example"};
  ASSERT_TRUE(Tls::load_or_create(other, now_));
  fs::rename(other.certificate_file(), own().certificate_file());
  fs::rename(other.key_file(), own().key_file());
  EXPECT_TRUE(is_given(own()));
  const std::string before = *read_file(own().certificate_file());
  const Issuer fails{.certificate = {}, .sign = [](auto, auto) { return fail(Fault::self, "never asked"); }};
  for (const Issuer* issuer : {static_cast<const Issuer*>(nullptr), &fails})
    for (const TimePoint time : {now_, now_ + days(3000)}) {
      const auto served = Tls::load_or_create(own(), time, issuer);
      ASSERT_TRUE(served) << served.error().text();
      EXPECT_EQ(why_anew(own(), issuer, time), std::nullopt) << "too few names, or ended: that is the school's affair";
    }
  EXPECT_EQ(*read_file(own().certificate_file()), before);
  ASSERT_TRUE(replace_file(own().key_file(), "nothing\n", 0600));
  EXPECT_FALSE(Tls::load_or_create(own(), now_)) << "the mistake is said";
  EXPECT_EQ(*read_file(own().certificate_file()), before);
}

TEST_F(TlsTest, WhereTheIssuerCannotSignWhatIsThereGoesOnAndElseOneThatSignsItself) {
  const Issuer fails{.certificate = "no certificate", .sign = [](auto, auto) { return fail(Fault::host, "no key"); }};
  const auto first = Tls::load_or_create(own(), now_, &fails);
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_TRUE((*first)->self_signed());
  EXPECT_FALSE((*first)->may_be_insisted_on());
  const auto second = Tls::load_or_create(own(), now_ + days(400), &fails);
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->fingerprint(), (*first)->fingerprint()) << "not a new one for the browsers every minute";
  const Issuer lies{.certificate = "no certificate", .sign = [](auto, auto) { return std::string("no certificate"); }};
  const auto third = Tls::load_or_create(own(), now_ + days(900), &lies);
  ASSERT_TRUE(third);
  EXPECT_NE((*third)->fingerprint(), (*first)->fingerprint()) << "that one had ended";
}

TEST_F(TlsTest, AnotherCertificateIsForConnectionsFromNowOn) {
  const auto first = Tls::load_or_create(own(), now_);
  OwnCertificate other = own();
  other.file = "portal";
  const auto second = Tls::load_or_create(other, now_);
  ASSERT_TRUE(first && second);
  const auto server = serve(*first);
  ASSERT_TRUE(server);
  TlsClient before(server->ports().front());
  ASSERT_TRUE(before.shaken());
  server->use(*second);
  const auto common_name = [](X509* certificate) {
    char text[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, sizeof text);
    return std::string(text);
  };
  TlsClient after(server->ports().front());
  ASSERT_TRUE(after.shaken());
  EXPECT_EQ(common_name(after.certificate()), "Schoolgate portal");
  const std::string answer = before.ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << "the connection from before goes on";
}

TEST_F(TlsTest, GivenFilesMustBelongTogetherAndTheKeyBePrivate) {
  ASSERT_TRUE(Tls::load_or_create(own(), now_));
  OwnCertificate other = own();
  other.file = "portal";
  ASSERT_TRUE(Tls::load_or_create(other, now_));
  EXPECT_TRUE(Tls::load(folder_ / "console.crt", folder_ / "console.key"));
  const auto mixed = Tls::load(folder_ / "console.crt", folder_ / "portal.key");
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().fault, Fault::config);
  EXPECT_FALSE(Tls::load(folder_ / "console.key", folder_ / "console.key"));
  EXPECT_FALSE(Tls::load(folder_ / "absent.crt", folder_ / "console.key"));
  ::chmod((folder_ / "console.key").c_str(), 0644);
  const auto open = Tls::load(folder_ / "console.crt", folder_ / "console.key");
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().next.find("chmod"), std::string::npos);
}

TEST_F(TlsTest, BrowsersGetAPageOverTls) {
  const auto tls = Tls::load_or_create(own(), now_);
  ASSERT_TRUE(tls);
  const auto server = serve(*tls);
  ASSERT_TRUE(server);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server->ports().front(), version);
    ASSERT_TRUE(client.shaken());
    X509* const certificate = client.certificate();
    for (const char* name : {"desk.school.example", "localhost"})
      EXPECT_EQ(X509_check_host(certificate, name, 0, 0, nullptr), 1) << name;
    for (const char* address : {"192.0.2.7", "127.0.0.1", "::1"})
      EXPECT_EQ(X509_check_ip_asc(certificate, address, 0), 1) << address;
    EXPECT_EQ(X509_get_extended_key_usage(certificate), std::uint32_t(XKU_SSL_SERVER));
    EXPECT_EQ(X509_check_ca(certificate), 0);
    const std::string answer = client.ask("GET / HTTP/1.1\r\nHost: desk.school.example\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\ninside"));
    EXPECT_EQ(answer.find("Strict-Transport-Security"), std::string::npos);  // signs itself: it would lock people out
  }
}

TEST_F(TlsTest, OldVersionsAndWeakCiphersAreRefused) {
  const auto tls = Tls::load_or_create(own(), now_);
  ASSERT_TRUE(tls);
  const auto server = serve(*tls);
  ASSERT_TRUE(server);
  EXPECT_FALSE(TlsClient(server->ports().front(), TLS1_1_VERSION).shaken());
  EXPECT_FALSE(TlsClient(server->ports().front(), TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA").shaken());
  Client plain(server->ports().front());
  EXPECT_FALSE(plain.get("/"));
  EXPECT_EQ(server->counters().requests, 0u);
  EXPECT_GE(server->counters().handshakes_failed, 2u);
}

}  // namespace
}  // namespace schoolgate::web
