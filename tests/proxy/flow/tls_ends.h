// TLS for the peers of a conversation: a thread turns what a test says in the clear into TLS on the real connection, so
// that a test inside TLS reads like one outside.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "tests/proxy/flow/conversation.h"
#include "tests/proxy/tls/certificates.h"

namespace schoolgate::flow::test {

/// What the handshake told, once it is over.
struct TlsFacts {
  bool done = false;
  std::string why;     ///< OpenSSL's words when it was not
  std::string alpn;    ///< what was agreed on
  std::string issuer;  ///< common name of who signed the other side's certificate
  std::string names;   ///< the other side's alternative names
};

/// The end of a connection that speaks TLS. `inside` is the connection in the clear.
class TlsEnd {
 public:
  /// As a client that wants `name`, offers `alpn` ("h2,http/1.1", may be empty) and trusts what `context` trusts.
  static TlsEnd client(Peer outside, SSL_CTX* context, std::string_view name, std::string_view alpn = {});
  /// As a server that chooses `alpn` when it is offered.
  static TlsEnd server(Peer outside, SSL_CTX* context, std::string_view alpn = {});
  TlsEnd(TlsEnd&&) = default;
  TlsEnd& operator=(TlsEnd&&) = delete;
  ~TlsEnd();

  /// Waits for the handshake.
  [[nodiscard]] const TlsFacts& facts() const { return facts_.get(); }
  Peer inside;

 private:
  struct Job;
  TlsEnd(Peer near, std::unique_ptr<Job> job);
  net::FileDescriptor outside_;
  std::shared_future<TlsFacts> facts_;
  std::thread thread_;
};

}  // namespace schoolgate::flow::test
