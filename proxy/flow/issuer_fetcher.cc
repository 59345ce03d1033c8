#include "proxy/flow/issuer_fetcher.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "base/ascii.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "proxy/http/chunked.h"
#include "proxy/http/read_head.h"
#include "proxy/tls/issuer_file.h"
#include "rules/request.h"
#include "rules/snapshot.h"

namespace schoolgate::flow {
namespace {

constexpr auto kConnect = std::chrono::seconds(3);
constexpr auto kWhole = std::chrono::seconds(5);  ///< of one answer, however it drips
constexpr int kMostRedirections = 2;
constexpr http::HeadLimits kHead{.bytes = 16 * 1024, .fields = 100, .target = 4096};

struct Answer {
  std::string body;
  std::string location;  ///< not empty: look there instead
};

bool is_redirection(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string location_of(const http::ResponseHead& head) {
  for (const http::Field& field : head.fields.items())
    if (equal_ignoring_case(field.name, "location")) return std::string(field.value);
  return {};
}

/// The rest of a body of which `body` has come already; `framing` says where it ends.
net::awaitable<Result<std::string>> read_body(net::Socket& socket, std::string body, http::Body framing) {
  http::ChunkDecoder chunks;
  std::string whole;
  for (bool ended = false;;) {
    if (framing.framing == http::Framing::chunked) {
      const auto step = chunks.decode(body);
      whole.append(body, 0, step.decoded);
      body.erase(0, std::max(step.consumed, step.decoded));
      if (step.status == http::ChunkDecoder::Status::bad)
        co_return fail(Fault::upstream, "the chunks of the answer cannot be read");
      if (step.status == http::ChunkDecoder::Status::finished) co_return whole;
    } else {
      whole += std::exchange(body, {});
      if (framing.framing == http::Framing::none) co_return fail(Fault::upstream, "the answer has no body");
      if (framing.framing == http::Framing::length && whole.size() >= framing.length)
        co_return whole.substr(0, std::size_t(framing.length));
      if (framing.framing == http::Framing::until_close && ended) co_return whole;
    }
    if (whole.size() > tls::kLargestIssuerFile)
      co_return fail(Fault::upstream, "the answer is too large for a certificate");
    if (ended) co_return fail(Fault::upstream, "the answer was cut short");
    std::array<char, 8192> piece;
    const net::Transfer got = co_await socket.receive_some(piece);
    if (got.status == net::IoStatus::closed)
      ended = true;
    else if (!got)
      co_return fail(Fault::upstream, "the answer did not come to its end");
    else
      body.append(piece.data(), got.bytes);
  }
}

net::awaitable<Result<Answer>> ask(net::Socket& socket, const names::Url& url) {
  const std::string host = std::string(url.host()) + (url.port() == 80 ? "" : ':' + std::to_string(url.port()));
  const std::string request = "GET " + std::string(url.target()) + " HTTP/1.1\r\nHost: " + host +
                              "\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  if (!co_await socket.send_all(request)) co_return fail(Fault::upstream, "the request could not be sent");
  const auto asked = std::make_unique<http::RequestHead>();
  asked->method = http::Method::get;
  const auto head = std::make_unique<http::ResponseHead>();
  std::string bytes;
  for (std::size_t seen = 0;;) {
    std::array<char, 8192> piece;
    const net::Transfer got = co_await socket.receive_some(piece);
    if (!got) co_return fail(Fault::upstream, "no answer came");
    bytes.append(piece.data(), got.bytes);
    const http::HeadOutcome outcome = http::read_response_head(bytes, seen, kHead, *asked, *head);
    if (outcome.kind == http::HeadOutcome::Kind::bad)
      co_return fail(Fault::upstream, std::string("the answer cannot be read: ") + outcome.why);
    if (outcome.kind == http::HeadOutcome::Kind::complete) break;
    seen = bytes.size();
  }
  if (is_redirection(head->status)) co_return Answer{.body = {}, .location = location_of(*head)};
  if (head->status != 200) co_return fail(Fault::upstream, "the answer was " + std::to_string(head->status));
  if (head->body.framing == http::Framing::length && head->body.length > tls::kLargestIssuerFile)
    co_return fail(Fault::upstream, "the answer is too large for a certificate");
  const http::Body framing = head->body;
  auto body = co_await read_body(socket, bytes.substr(head->size), framing);
  if (!body) co_return std::unexpected(std::move(body.error()));
  co_return Answer{.body = std::move(*body), .location = {}};
}

}  // namespace

Result<std::unique_ptr<IssuerFetcher>> IssuerFetcher::make(net::ResolverSettings resolver,
                                                           std::shared_ptr<const net::DestinationGuard> guard,
                                                           net::DialerSettings dialer,
                                                           const rules::PolicyStore& policy) {
  std::unique_ptr<IssuerFetcher> made(new IssuerFetcher(std::move(guard), dialer, policy));
  resolver.deadline = kConnect;
  auto asks = net::Resolver::make(made->context_.get_executor(), made->deadlines_, std::move(resolver));
  if (!asks) return std::unexpected(std::move(asks.error()));
  made->resolver_ = std::move(*asks);
  IssuerFetcher* const raw = made.get();
  raw->issuers_ = tls::MissingIssuers::make([raw](std::string address, tls::MissingIssuers::Fetched done) {
    raw->begin(std::move(address), std::move(done));
  });
  net::asio::co_spawn(raw->context_, net::run_ticks(raw->deadlines_), net::asio::detached);
  return made;
}

IssuerFetcher::IssuerFetcher(std::shared_ptr<const net::DestinationGuard> guard, net::DialerSettings dialer,
                             const rules::PolicyStore& policy)
    : dialer_(context_.get_executor(), deadlines_, std::move(guard), dialer), policy_(policy) {}

IssuerFetcher::~IssuerFetcher() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void IssuerFetcher::begin(std::string address, tls::MissingIssuers::Fetched done) {
  start_thread();  // may throw: nothing was handed over yet
  net::asio::post(context_, [this, address = std::move(address), done = std::move(done)]() mutable {
    net::asio::co_spawn(context_, fetch(std::move(address)),
                        [done = std::move(done)](const std::exception_ptr& thrown, Result<std::string> file) {
                          done(thrown ? fail(Fault::self, "fetching a certificate failed") : std::move(file));
                        });
  });
}

// By the first worker that asks: so it has the filter of system calls that a worker has, and no capability that the
// gateway gave up after it was made.
void IssuerFetcher::start_thread() {
  const std::scoped_lock lock(starting_);
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    name_this_thread("issuers");
    while (!context_.stopped()) {
      try {
        context_.run();
      } catch (const std::exception& error) {
        log::error("fetching a certificate ended by an exception", {{"what", error.what()}});
      }
    }
  });
}

net::awaitable<Result<std::string>> IssuerFetcher::fetch(std::string address) {
  for (int redirections = 0; redirections <= kMostRedirections; ++redirections) {
    const auto url = names::Url::parse(address);
    if (!url || url->scheme() != "http") co_return fail(Fault::upstream, "a certificate is fetched by http alone");
    if (!may_ask(*url)) co_return fail(Fault::config, "the policy refuses the address of the certificate");
    auto addresses = co_await resolver_->resolve(std::string(url->host()));
    if (!addresses) co_return std::unexpected(std::move(addresses.error().error));
    auto socket = co_await dialer_.dial(std::move(*addresses), url->port(), kConnect);
    if (!socket) co_return std::unexpected(std::move(socket.error().error));
    socket->expire_after(kWhole);
    auto answer = co_await ask(*socket, *url);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (answer->location.empty()) co_return std::move(answer->body);
    address = std::move(answer->location);
  }
  co_return fail(Fault::upstream, "the address of the certificate leads on and on");
}

/// No client asks, so no group does: what is refused to one of them by a rule or a category is not asked for any.
bool IssuerFetcher::may_ask(const names::Url& url) const {
  const auto policy = policy_.current();
  const rules::Request request = rules::Request::of_url(url, "GET");
  rules::Subject subject;
  for (rules::GroupIndex group = 0; policy->find_group(policy->group_id(group)) == group; ++group) {
    subject.group = group;
    const rules::Verdict verdict = policy->decide(subject, request, rules::Stage::request, wall_now());
    if (verdict.action >= rules::Action::warn && verdict.reason.tier != rules::Tier::unlisted) return false;
  }
  return true;
}

}  // namespace schoolgate::flow
