// The networks whose devices have to sign in before they go out, and the page that they are sent to.
//
// Plain values, made by app/ at start and at reload, immutable, shared by the workers. The page itself is portal/'s;
// the hallway only knows the way there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "names/ip_address.h"
#include "names/url.h"
#include "proxy/net/endpoint.h"

namespace schoolgate::flow {

class SignInGate {
 public:
  /// `page`: where a browser begins, "https://signin.school.example/". `portal`: where that page is listened for with
  /// TLS, as this machine reaches it; a listener on all addresses is reached on loopback. Fault config: not https.
  [[nodiscard]] static Result<SignInGate> make(std::vector<names::IpNetwork> networks, std::string_view page,
                                               net::Endpoint portal);

  /// True when devices at this address have to sign in.
  [[nodiscard]] bool asks(const names::IpAddress& device) const noexcept;
  /// True for the name of the page (canonical), for every client and under every policy.
  [[nodiscard]] bool is_page(std::string_view host) const noexcept { return host == page_.host(); }
  [[nodiscard]] const names::Url& page() const noexcept { return page_; }
  [[nodiscard]] const net::Endpoint& portal() const noexcept { return portal_; }

  /// The page's address with the parameter `url`, to lead back to; without it when `wanted` is null, long or no web
  /// address. The page that follows it checks it again: any site can write such an address.
  [[nodiscard]] std::string way_to_page(const names::Url* wanted) const;

 private:
  static constexpr std::size_t kLongestWanted = 1024;

  std::vector<names::IpNetwork> networks_;
  names::Url page_;
  net::Endpoint portal_;
};

/// 302 to `location`, without a body.
[[nodiscard]] std::string found_at(std::string_view location, bool keep_alive);

}  // namespace schoolgate::flow
