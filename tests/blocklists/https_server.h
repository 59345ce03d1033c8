// A small HTTPS server on loopback for the tests of fetching: real TLS with a certificate of its own, one answer a
// connection, and the faults that real servers have.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {

struct ServerRequest {
  std::string path;
  std::map<std::string, std::string> headers;  // names in lower case
};

struct ServerAnswer {
  int status = 200;
  std::map<std::string, std::string> headers;
  std::string body;
  std::optional<std::size_t> cut_after;  // bytes of the body after which the connection breaks
  bool stall = false;                    // keeps silent after what was sent until the client goes
};

class HttpsServer {
 public:
  using Handler = std::function<ServerAnswer(const ServerRequest&)>;

  explicit HttpsServer(Handler handler) : handler_(std::move(handler)), context_(SSL_CTX_new(TLS_server_method())) {
    make_certificate();
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpsServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    SSL_CTX_free(context_);
  }
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;

  [[nodiscard]] std::string url(std::string_view path) const {
    return "https://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  [[nodiscard]] const std::filesystem::path& root_certificate() const noexcept { return root_; }
  [[nodiscard]] std::vector<ServerRequest> requests() const {
    const std::lock_guard held(mutex_);
    return requests_;
  }

 private:
  void make_certificate() {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("lists.test"), -1, -1,
                               0);
    X509_set_issuer_name(certificate, name);
    for (const auto& [id, value] :
         {std::pair{NID_subject_alt_name, "IP:127.0.0.1"}, {NID_basic_constraints, "CA:TRUE"}}) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
      X509_add_ext(certificate, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, key, EVP_sha256());
    root_ = folder_.path() / "root.pem";
    std::FILE* file = std::fopen(root_.c_str(), "we");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  void serve() {
    while (!stopping_) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      SSL* tls = SSL_new(context_);
      SSL_set_fd(tls, client);
      if (SSL_accept(tls) == 1) answer(tls);
      SSL_free(tls);
      ::close(client);
    }
  }

  void answer(SSL* tls) {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const int got = SSL_read(tls, buffer, sizeof buffer);
      if (got <= 0) return;
      text.append(buffer, std::size_t(got));
    }
    ServerRequest request;
    request.path = text.substr(4, text.find(' ', 4) - 4);
    for (std::size_t at = text.find("\r\n") + 2; text.compare(at, 2, "\r\n") != 0;) {
      const std::size_t end = text.find("\r\n", at), colon = text.find(':', at);
      std::string name = text.substr(at, colon - at);
      for (char& c : name) c = char(std::tolower(static_cast<unsigned char>(c)));
      request.headers[name] = text.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    {
      const std::lock_guard held(mutex_);
      requests_.push_back(request);
    }
    const ServerAnswer out = handler_(request);
    std::string head = "HTTP/1.1 " + std::to_string(out.status) + " x\r\nConnection: close\r\n";
    if (out.status != 304) head += "Content-Length: " + std::to_string(out.body.size()) + "\r\n";
    for (const auto& [name, value] : out.headers) head += name + ": " + value + "\r\n";
    head += "\r\n" + out.body.substr(0, out.cut_after.value_or(out.body.size()));
    SSL_write(tls, head.data(), int(head.size()));
    if (out.stall) (void)SSL_read(tls, buffer, sizeof buffer);  // returns when the client has had enough
    if (!out.cut_after) SSL_shutdown(tls);
  }

  Handler handler_;
  SSL_CTX* context_;
  TemporaryFolder folder_;
  std::filesystem::path root_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<ServerRequest> requests_;
  std::thread thread_;
};

}  // namespace schoolgate::blocklists
