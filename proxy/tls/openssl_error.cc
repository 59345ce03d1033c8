#include "proxy/tls/openssl_error.h"

#include <openssl/err.h>

namespace schoolgate::tls {

std::string take_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  std::string text = reason ? reason : code ? "error " + std::to_string(code) : "no reason given";
  ERR_clear_error();
  return text;
}

std::unexpected<Error> fail_openssl(Fault fault, std::string what, std::string next) {
  return fail(fault, std::move(what) + ": " + take_openssl_error(), std::move(next));
}

}  // namespace schoolgate::tls
