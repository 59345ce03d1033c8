#include "proxy/flow/proxy_login.h"

#include <strings.h>

#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "base/digest.h"
#include "proxy/flow/worker.h"
#include "proxy/http/field_names.h"

namespace schoolgate::flow {
namespace {

constexpr std::size_t kShort = 512;

// A password is compared as it is; of a ticket of many kilobytes its digest is enough, and small.
std::string keepsake(std::string_view credentials) {
  if (credentials.size() <= kShort) return std::string(credentials);
  const Sha256 digest = sha256(credentials);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool is_kept(std::string_view credentials, std::string_view kept) {
  if (credentials.size() == kept.size()) return equal_in_constant_time(credentials, kept);
  return credentials.size() > kShort && equal_in_constant_time(keepsake(credentials), kept);
}

bool proves_the_connection(std::string_view credentials) noexcept {
  const std::string_view scheme = credentials.substr(0, credentials.find(' '));
  return http::equal_ignoring_case(scheme, "Negotiate") || http::equal_ignoring_case(scheme, "NTLM");
}

void wipe(std::string& text) noexcept {
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

// What a worker and an authenticator share of one question. A late answer finds no listener: the worker may be gone by
// then, so it is only touched under the mutex and while it listens.
struct Question {
  explicit Question(net::Executor executor) : worker(executor) {}
  std::mutex mutex;
  bool is_heard = true;  // under the mutex
  net::Executor worker;
  net::Timer* wakes = nullptr;  // in the frame that waits; the worker's thread only, as is the answer
  std::optional<Authenticator::Answer> answer;
};

// In the frame of the coroutine that waits: its end, also with the whole worker, ends the listening.
struct Listening {
  explicit Listening(Question& question) : asked(question) {}
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() {
    const std::scoped_lock lock(asked.mutex);
    asked.is_heard = false;
    asked.wakes = nullptr;
  }
  Question& asked;
};

// Has credentials judged; `unavailable` after kVerificationLimit. Never throws, whenever the answer comes.
net::awaitable<Authenticator::Answer> authenticate(Worker& worker, const names::IpAddress& client,
                                                   std::string credentials) {
  net::Timer timer(worker.executor());
  const auto question = std::make_shared<Question>(worker.executor());
  question->wakes = &timer;
  const Listening listening(*question);
  timer.expires_after(kVerificationLimit);
  const auto done = [question](Authenticator::Answer answer) {
    const std::scoped_lock lock(question->mutex);
    if (!question->is_heard) return;
    net::asio::post(question->worker, [question, answer = std::move(answer)]() mutable {
      if (!question->wakes) return;
      question->answer = std::move(answer);
      question->wakes->cancel();
    });
  };
  worker.gateway().authenticator->authenticate(client, std::move(credentials), done);
  co_await timer.async_wait(net::as_tuple);
  if (!question->answer) co_return Authenticator::Answer{.kind = Authenticator::Answer::Kind::unavailable};
  co_return std::move(*question->answer);
}

}  // namespace

ProxyLogin::~ProxyLogin() { wipe(kept_); }

void ProxyLogin::forget_credentials() noexcept {
  wipe(kept_);
  presence_.reset();
  says_ = Says::nothing;
}

ShownCredentials look_at_credentials(Connection& connection, const http::RequestHead& head) {
  const http::Field* shown = nullptr;
  for (const http::Field& field : head.fields.items()) {
    if (field.known != http::Name::proxy_authorization) continue;
    if (shown) return ShownCredentials::twice;
    shown = &field;
  }
  ProxyLogin* const login = connection.login.get();
  if (!shown) {
    if (login) login->says_ = login->whole_connection_ ? ProxyLogin::Says::proved : ProxyLogin::Says::nothing;
    return ShownCredentials::settled;
  }
  connection.inbox.holds_secrets();
  if (shown->value.size() > kLargestCredentials) return ShownCredentials::too_large;
  if (!login || login->kept_.empty() || !is_kept(shown->value, login->kept_)) return ShownCredentials::to_verify;
  const auto age = std::chrono::steady_clock::now() - login->checked_;
  if (login->presence_) {
    login->says_ = ProxyLogin::Says::proved;
    return login->whole_connection_ || age < ProxyLogin::kGoodFor ? ShownCredentials::settled
                                                                  : ShownCredentials::to_verify;
  }
  if (age >= ProxyLogin::kUnavailableFor) return ShownCredentials::to_verify;
  login->says_ = ProxyLogin::Says::no_answer;
  return ShownCredentials::settled;
}

net::awaitable<void> verify_credentials(Connection& connection, std::string credentials) {
  using Kind = Authenticator::Answer::Kind;
  Worker& worker = connection.worker;
  if (worker.gateway().authenticator->challenges(connection.peer.address).empty()) {
    wipe(credentials);
    co_return;
  }
  if (!connection.login) connection.login = std::make_unique<ProxyLogin>();
  ProxyLogin& login = *connection.login;
  login.forget_credentials();
  std::string kept = keepsake(credentials);
  const bool whole_connection = proves_the_connection(credentials);
  connection.client.clear_deadline();
  Authenticator::Answer answer = co_await authenticate(worker, connection.peer.address, std::move(credentials));
  login.checked_ = std::chrono::steady_clock::now();
  // Accepted as nobody is not accepted.
  if (answer.kind == Kind::accepted && !(answer.presence && answer.presence->person)) answer.kind = Kind::refused;
  switch (answer.kind) {
    case Kind::accepted:
      worker.counters().proxy_auth[std::size_t(ProxyAuth::accepted)].add();
      login.presence_ = std::move(answer.presence);
      login.kept_ = std::move(kept);
      login.says_ = ProxyLogin::Says::proved;
      login.whole_connection_ = whole_connection;
      break;
    case Kind::refused:
      worker.counters().proxy_auth[std::size_t(ProxyAuth::refused)].add();
      ++login.refusals_;
      login.says_ = ProxyLogin::Says::refused;
      login.whole_connection_ = false;
      break;
    case Kind::unavailable:
      worker.counters().proxy_auth[std::size_t(ProxyAuth::unavailable)].add();
      login.kept_ = std::move(kept);
      login.says_ = ProxyLogin::Says::no_answer;
      login.whole_connection_ = false;
      break;
  }
  login.reply_ = std::move(answer.reply);
  wipe(kept);
}

std::string challenge_lines(Connection& connection) {
  std::string lines;
  std::string reply = connection.login ? connection.login->take_reply() : std::string();
  const auto scheme_of = [](std::string_view value) { return value.substr(0, value.find(' ')); };
  for (std::string& challenge : connection.worker.gateway().authenticator->challenges(connection.peer.address)) {
    // The token that answers the client's own stands in the place of the offer.
    const bool answered = !reply.empty() && http::equal_ignoring_case(scheme_of(challenge), scheme_of(reply));
    lines += "Proxy-Authenticate: " + (answered ? std::exchange(reply, {}) : challenge) + "\r\n";
  }
  return lines;
}

std::string login_reply_line(Connection& connection) {
  if (!connection.login || !connection.login->has_reply()) return {};
  return "Proxy-Authentication-Info: " + connection.login->take_reply() + "\r\n";
}

}  // namespace schoolgate::flow
