// Signing in to the explicit proxy (RFC 9110 section 11.7): what one connection has proved.
//
// A login belongs to its connection alone: behind the same address may stand a terminal server with thirty
// people. The value of Proxy-Authorization is never logged, never passed on, and wiped with the connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "proxy/http/message.h"
#include "proxy/net/asio.h"
#include "rules/presence.h"

namespace schoolgate::flow {

struct Connection;

/// What a request shows of itself.
enum class ShownCredentials : std::uint8_t {
  settled,    ///< nothing, or what was verified already
  to_verify,  ///< verify_credentials() has to be awaited before the request is judged
  twice,      ///< two fields: 400
  too_large,  ///< 431
};

/// Owned by its connection, there once a Proxy-Authorization was looked at. Its worker's thread only.
class ProxyLogin {
 public:
  ProxyLogin() = default;
  ProxyLogin(const ProxyLogin&) = delete;
  ProxyLogin& operator=(const ProxyLogin&) = delete;
  ~ProxyLogin();

  /// What the request that is served now says of its person.
  enum class Says : std::uint8_t {
    nothing,    ///< no credentials, and none hold for the whole connection
    proved,     ///< presence() is the person
    refused,    ///< wrong, broken or made up: it comes from no known person
    no_answer,  ///< it cannot be verified now: asking again would be no help
  };
  [[nodiscard]] Says says() const noexcept { return says_; }
  /// The person, by what was proved here; null when that is no one known.
  [[nodiscard]] std::shared_ptr<const rules::Presence> presence() const noexcept {
    return says_ == Says::proved ? presence_ : nullptr;
  }
  /// False where what was said here speaks against `by_address`, the person whom other sources know at the address:
  /// credentials that were refused or cannot be verified are never read as another person's, nor is a request without
  /// any on a connection on which another person has proved to be there.
  [[nodiscard]] bool may_be(const rules::Presence* by_address) const noexcept {
    if (says_ == Says::refused || says_ == Says::no_answer) return false;
    return !by_address || !by_address->person || !presence_ || by_address->person->user == presence_->person->user;
  }
  /// An answer that could not be had is not asked for again so long.
  static constexpr std::chrono::seconds kUnavailableFor{5};
  /// Wrong too often: the connection is closed with the answer.
  [[nodiscard]] bool exhausted() const noexcept { return refusals_ >= kMostRefusals; }
  /// What completes the exchange of tokens, once: for Proxy-Authenticate of a 407, else for Proxy-Authentication-Info.
  [[nodiscard]] std::string take_reply() noexcept { return std::exchange(reply_, {}); }
  [[nodiscard]] bool has_reply() const noexcept { return !reply_.empty(); }

 private:
  friend ShownCredentials look_at_credentials(Connection& connection, const http::RequestHead& head);
  friend net::awaitable<void> verify_credentials(Connection& connection, std::string credentials);

  static constexpr std::uint32_t kMostRefusals = 10;
  /// An account that was closed is noticed after so long also on a connection that never ends.
  static constexpr auto kGoodFor = std::chrono::minutes(10);

  void forget_credentials() noexcept;

  std::shared_ptr<const rules::Presence> presence_;
  std::string kept_;  ///< the value that was last answered, or its digest where it is long
  std::string reply_;
  std::chrono::steady_clock::time_point checked_;
  std::uint32_t refusals_ = 0;
  bool whole_connection_ = false;  ///< Negotiate proves the person for the whole connection (RFC 4559 section 6)
  Says says_ = Says::nothing;
};

/// Looks at Proxy-Authorization of a request to the explicit proxy. Cheap where there is nothing new.
[[nodiscard]] ShownCredentials look_at_credentials(Connection& connection, const http::RequestHead& head);

/// Has the value judged by the gateway's authenticator, at most kVerificationLimit; then the connection has a person
/// or has none. A client that is never asked is not verified either.
net::awaitable<void> verify_credentials(Connection& connection, std::string credentials);

/// Larger than any ticket that fits into the head of a request; more is refused unread.
inline constexpr std::size_t kLargestCredentials = 48 * 1024;
inline constexpr std::chrono::seconds kVerificationLimit{15};

/// The field lines of a 407: what the client is offered, and the token that answers its own.
[[nodiscard]] std::string challenge_lines(Connection& connection);

/// "Proxy-Authentication-Info: ...", with its line end; empty when there is nothing to say. Once.
[[nodiscard]] std::string login_reply_line(Connection& connection);

}  // namespace schoolgate::flow
