// x509-limbo over the verification of web sites: its own expected results, and Chromium where we differ from them.
//
// limbo/chromium.tsv has Chromium's answer to every chain that can be shown (ask_chromium.py); limbo/differences.tsv
// names each case that we answer otherwise than the suite, with the reason. Nothing that Chromium refuses may be
// accepted.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>
#include <zlib.h>

#include <array>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "proxy/net/file_descriptor.h"
#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/lean_library.h"
#include "proxy/tls/server_check.h"
#include "proxy/tls/session.h"
#include "proxy/tls/upstream_context.h"
#include "tests/proxy/tls/captures.h"
#include "tests/proxy/tls/scratch_folder.h"

namespace schoolgate::tls {
namespace {

using Json = nlohmann::json;

const std::filesystem::path kFolder = TLS_TEST_FOLDER "/limbo";

std::string unpacked(const std::filesystem::path& file) {
  std::string all;
  gzFile in = gzopen(file.c_str(), "rb");
  std::array<char, 65536> piece;
  for (int n; in && (n = gzread(in, piece.data(), unsigned(piece.size()))) > 0;)
    all.append(piece.data(), std::size_t(n));
  if (in) gzclose(in);
  return all;
}

/// id -> the columns behind it, of a table with a comment in front.
std::map<std::string, std::vector<std::string>> table(const std::string& name) {
  std::map<std::string, std::vector<std::string>> out;
  std::ifstream in(kFolder / name);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    std::stringstream words(line);
    std::vector<std::string> columns;
    for (std::string word; std::getline(words, word, '\t');) columns.push_back(word);
    const std::string id = columns.front();
    columns.erase(columns.begin());
    EXPECT_TRUE(out.emplace(id, columns).second) << id << " is there twice";
  }
  EXPECT_FALSE(out.empty()) << name;
  return out;
}

CertificateHandle certificate_of(const std::string& pem) {
  const BioHandle bio(BIO_new_mem_buf(pem.data(), int(pem.size())));
  X509* target = X509_new_ex(lean_library(), nullptr);
  const bool read = PEM_read_bio_X509(bio.get(), &target, nullptr, nullptr);
  CertificateHandle certificate(target);
  return read ? std::move(certificate) : nullptr;
}

/// The suite's moment; now where it names none.
std::optional<std::time_t> moment_of(const Json& test) {
  if (test["validation_time"].is_null()) return std::nullopt;
  std::tm parts{};
  const auto text = test["validation_time"].get<std::string>();
  EXPECT_NE(::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts), nullptr) << text;
  return ::timegm(&parts);
}

bool is_known_suffix(std::string_view name) { return name == "com" || name == "co.uk" || name == "us" || name == "uk"; }

/// What a worker would open for this case's web site; null when its roots cannot be read.
struct Opened {
  std::unique_ptr<UpstreamContext> context;
  std::unique_ptr<Session> session;
};
Opened open_for(const Json& test, ScratchFolder& folder) {
  std::string roots;
  for (const auto& root : test["trusted_certs"]) roots += root.get<std::string>() + '\n';
  TrustSettings settings{.system_roots = {}, .is_public_suffix = is_known_suffix};
  settings.extra_roots = {folder.write("roots.pem", roots)};
  auto trust = TrustStore::load(std::move(settings));
  if (!trust) return {};
  auto made = UpstreamContext::make(*trust);
  EXPECT_TRUE(made);
  const std::string host =
      test["expected_peer_name"].is_null() ? "example.com" : test["expected_peer_name"]["value"].get<std::string>();
  auto session = (*made)->open(host, 443, {});
  EXPECT_TRUE(session) << host;
  if (const auto moment = moment_of(test)) X509_VERIFY_PARAM_set_time(SSL_get0_param(session->ssl()), *moment);
  return {std::move(*made), std::move(session)};
}

struct Answer {
  bool accepted = false;
  std::string why;
};

/// As OpenSSL calls the verification in a handshake: the session's own parameters, purpose and security level.
Answer verified_alone(const Json& test) {
  ScratchFolder folder;
  const Opened opened = open_for(test, folder);
  if (!opened.session) return {false, "its roots cannot be read"};
  const CertificateHandle leaf = certificate_of(test["peer_certificate"]);
  if (!leaf) return {false, "the leaf cannot be read"};
  std::vector<CertificateHandle> between;
  STACK_OF(X509)* const sent = sk_X509_new_null();
  sk_X509_push(sent, leaf.get());
  for (const auto& pem : test["untrusted_intermediates"]) {
    between.push_back(certificate_of(pem));
    if (!between.back()) {
      sk_X509_free(sent);
      return {false, "an intermediate cannot be read"};
    }
    sk_X509_push(sent, between.back().get());
  }
  SSL* const ssl = opened.session->ssl();
  ServerCheck& check = *opened.session->check();
  X509_STORE_CTX* const context = X509_STORE_CTX_new_ex(lean_library(), nullptr);
  X509_STORE_CTX_init(context, check.trust->roots_for(check.host), leaf.get(), sent);
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context), SSL_get_security_level(ssl));
  X509_STORE_CTX_set_default(context, "ssl_server");
  X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(context), SSL_get0_param(ssl));
  const bool accepted = verify_chain(context, check);
  X509_STORE_CTX_free(context);
  sk_X509_free(sent);
  return {accepted, std::string(to_string(check.fault.kind))};
}

/// In a handshake with a server that shows the chain; nothing where OpenSSL serves no such chain.
std::optional<Answer> verified_in_handshake(const Json& test) {
  if (test["peer_certificate_key"].is_null()) return std::nullopt;
  const SslContextHandle server(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_security_level(server.get(), 0);
  SSL_CTX_set_cipher_list(server.get(), "ALL");
  const auto pem = test["peer_certificate_key"].get<std::string>();
  const BioHandle bio(BIO_new_mem_buf(pem.data(), int(pem.size())));
  const KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  const CertificateHandle leaf = certificate_of(test["peer_certificate"]);
  if (!key || !leaf || SSL_CTX_use_certificate(server.get(), leaf.get()) != 1 ||
      SSL_CTX_use_PrivateKey(server.get(), key.get()) != 1)
    return std::nullopt;
  for (const auto& one : test["untrusted_intermediates"]) {
    const CertificateHandle certificate = certificate_of(one);
    if (!certificate || SSL_CTX_add1_chain_cert(server.get(), certificate.get()) != 1) return std::nullopt;
  }
  ScratchFolder folder;
  const Opened opened = open_for(test, folder);
  if (!opened.session) return Answer{false, "its roots cannot be read"};
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  const net::FileDescriptor ours(ends[0]), theirs(ends[1]);
  const SslHandle far(SSL_new(server.get()));
  SSL_set_fd(far.get(), theirs.get());
  Session::Step step = Session::Step::want_read;
  for (int turn = 0; turn < 100 && step != Session::Step::done && step != Session::Step::failed; ++turn) {
    step = opened.session->handshake(ours.get());
    SSL_accept(far.get());
  }
  return Answer{step == Session::Step::done,
                std::string(to_string(opened.session->check()->fault.kind)) + ' ' + opened.session->failure()};
}

/// Holds every case for servers in `suite` against the tables; prints what was counted.
void run_suite(const Json& suite) {
  const auto chromium = table("chromium.tsv");
  const auto differences = table("differences.tsv");
  std::size_t asked = 0, agreed = 0, differed = 0;
  for (const Json& test : suite["testcases"]) {
    const auto id = test["id"].get<std::string>();
    if (test["validation_kind"] != "SERVER") continue;  // we verify no client's certificate
    ++asked;
    const Answer ours = verified_alone(test);
    if (const auto shaken = verified_in_handshake(test))
      EXPECT_EQ(shaken->accepted, ours.accepted) << id << ": alone " << ours.why << ", in a handshake " << shaken->why;
    const bool expected = test["expected_result"] == "SUCCESS";
    const auto difference = differences.find(id);
    EXPECT_EQ(ours.accepted != expected, difference != differences.end())
        << id << ": expected " << test["expected_result"] << ", ours " << (ours.accepted ? "accepted" : ours.why)
        << ", Chromium " << (chromium.contains(id) ? chromium.at(id)[0] : "not asked") << " | " << test["description"];
    if (const auto theirs = chromium.find(id); theirs != chromium.end() && theirs->second[0] == "refused")
      EXPECT_FALSE(ours.accepted) << id << ": laxer than Chromium, which says " << theirs->second[1];
    ++(ours.accepted == expected ? agreed : differed);
  }
  std::cout << asked << " chains: " << agreed << " as the suite expects, " << differed << " otherwise, each named\n";
  EXPECT_GT(asked, 0u);
}

TEST(Limbo, TheChainsThatAreKeptHereAreJudgedAsNamed) {
  std::ifstream in(kFolder / "part.json");
  run_suite(Json::parse(in));
}

/// Made in the suite's form; `expected` is Chromium's answer.
TEST(Limbo, NamesAreMatchedAsChromiumMatchesThem) {
  std::ifstream in(kFolder / "names.json");
  run_suite(Json::parse(in));
}

TEST(Limbo, TheWholeSuiteIsJudgedAsNamed) {
  const auto data = data_folder();
  if (!data) GTEST_SKIP() << "x509-limbo is not here: set SCHOOLGATE_DATA to the folder of test data";
  const Json suite = Json::parse(unpacked(*data / "limbo/limbo.json.gz"));
  run_suite(suite);
  std::set<std::string> known;
  for (const Json& test : suite["testcases"]) known.insert(test["id"].get<std::string>());
  for (const auto& [id, columns] : table("differences.tsv"))
    EXPECT_TRUE(known.contains(id) || id.starts_with("names::")) << id << " is no case";
}

}  // namespace
}  // namespace schoolgate::tls
