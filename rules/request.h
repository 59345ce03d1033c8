// What is asked, in canonical form.
#pragma once

#include <cstdint>
#include <string_view>

#include "names/url.h"

namespace schoolgate::rules {

/// At which moment of a connection the question is put; each sees more than the one before.
enum class Stage : std::uint8_t { connect, client_hello, request, response };
[[nodiscard]] std::string_view to_string(Stage stage) noexcept;

/// Views live as long as the connection that asks. Built only here, so a Request is always canonical.
class Request {
 public:
  [[nodiscard]] static Request of_url(names::Url url, std::string_view method) { return {std::move(url), method}; }
  /// CONNECT or a TLS server name: only the host and port are known.
  [[nodiscard]] static Request of_host(const names::Host& host, std::uint16_t port, std::string_view method) {
    return {names::Url::of_host(host, port), method};
  }
  [[nodiscard]] const names::Url& url() const noexcept { return url_; }
  [[nodiscard]] std::string_view method() const noexcept { return method_; }

 private:
  Request(names::Url url, std::string_view method) : url_(std::move(url)), method_(method) {}
  names::Url url_;
  std::string_view method_;
};

}  // namespace schoolgate::rules
