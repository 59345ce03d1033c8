#include "app/proxy_authenticator.h"

#include <algorithm>
#include <utility>

#include "identity/credentials_field.h"

namespace schoolgate::app {
namespace {

using Answer = flow::Authenticator::Answer;
using identity::Source;

constexpr std::string_view kNegotiate = "Negotiate";

bool has(const std::vector<Source>& sources, Source source) {
  return std::ranges::find(sources, source) != sources.end();
}

bool contains(const std::vector<names::IpNetwork>& networks, const names::IpAddress& address) {
  return std::ranges::any_of(networks, [&](const names::IpNetwork& network) { return network.contains(address); });
}

Answer::Kind kind_of(identity::CredentialAnswer::Kind kind) {
  switch (kind) {
    case identity::CredentialAnswer::Kind::accepted: return Answer::Kind::accepted;
    case identity::CredentialAnswer::Kind::refused: return Answer::Kind::refused;
    case identity::CredentialAnswer::Kind::unavailable: break;
  }
  return Answer::Kind::unavailable;
}

}  // namespace

ProxyAuthenticator::ProxyAuthenticator(const identity::IdentitySettings& settings, identity::Credentials& credentials,
                                       Outcomes outcomes)
    : negotiate_(has(settings.sources, Source::negotiate) && credentials.takes_tickets()),
      basic_(has(settings.sources, Source::basic)),
      proxy_networks_(settings.proxy_networks),
      basic_networks_(settings.basic_networks),
      credentials_(credentials),
      outcomes_(std::move(outcomes)) {}

bool ProxyAuthenticator::takes_basic(const names::IpAddress& client) const {
  return basic_ && contains(basic_networks_, client);
}

std::vector<std::string> ProxyAuthenticator::challenges(const names::IpAddress& client) const {
  if (!proxy_networks_.empty() && !contains(proxy_networks_, client)) return {};
  std::vector<std::string> offered;
  if (negotiate_) offered.emplace_back(kNegotiate);
  if (takes_basic(client)) offered.emplace_back(kBasic);
  return offered;
}

void ProxyAuthenticator::authenticate(const names::IpAddress& client, std::string credentials,
                                      std::function<void(Answer)> done) {
  auto read = identity::read_credentials(credentials);
  identity::wipe(credentials);
  const auto refuse = [&] {
    outcomes_.refused(client);
    done({});
  };
  if (!read) return refuse();
  const auto answered = [outcomes = outcomes_, client, done](identity::CredentialAnswer found) {
    Answer answer{.kind = kind_of(found.kind), .presence = nullptr, .reply = {}};
    if (!found.reply.empty()) answer.reply = std::string(kNegotiate) + ' ' + found.reply;
    if (answer.kind == Answer::Kind::accepted) {
      answer.presence = outcomes.proved(client, *found.person);
      if (!answer.presence) answer.kind = Answer::Kind::refused;
    }
    if (answer.kind == Answer::Kind::refused) outcomes.refused(client);
    done(std::move(answer));
  };
  if (auto* token = std::get_if<identity::NegotiateCredentials>(&*read)) {
    if (!negotiate_) return refuse();
    return credentials_.check_token(std::move(token->token), client, answered);
  }
  // A password that came in clear where it may not is not looked at: it is refused, right or wrong.
  if (!takes_basic(client)) return refuse();
  auto& basic = std::get<identity::BasicCredentials>(*read);
  credentials_.check_password(std::move(basic.user), std::move(basic.password), client, answered);
}

}  // namespace schoolgate::app
