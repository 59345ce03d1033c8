// How Schoolgate speaks TLS to clients: 1.2 and 1.3, forward-secret AEAD suites, nothing to resume or renegotiate.
//
// One per process, made at the start, immutable, safe to use from every worker.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "proxy/tls/handles.h"
#include "proxy/tls/leaf.h"

namespace schoolgate::tls {

class Session;

class ServerContext {
 public:
  /// Fault self: this OpenSSL cannot do what is asked of it.
  [[nodiscard]] static Result<std::shared_ptr<const ServerContext>> make();

  /// A session that has not said anything yet. Null when memory is short or `leaf` does not fit.
  [[nodiscard]] std::unique_ptr<Session> open(const Leaf& leaf, std::string_view alpn,
                                              std::string already_received) const;

 private:
  explicit ServerContext(SslContextHandle context) noexcept : context_(std::move(context)) {}
  SslContextHandle context_;
};

}  // namespace schoolgate::tls
