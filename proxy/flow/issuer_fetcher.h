// Fetches the certificates of issuers that web sites forget to send, from where the site's own certificate says (AIA).
//
// On a thread of its own, so that no worker waits for a stranger's server. The address is a stranger's word: http only,
// on the public internet alone (DestinationGuard::for_strangers(): not what this school opens for its clients), never a
// name that the policy refuses to any group, at most 64 KiB, two redirections and a few seconds. What comes is believed
// by nobody before a chain was verified with it.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "names/url.h"
#include "proxy/net/asio.h"
#include "proxy/net/dialer.h"
#include "proxy/net/resolver.h"
#include "proxy/tls/missing_issuers.h"
#include "rules/policy_store.h"

namespace schoolgate::flow {

class IssuerFetcher {
 public:
  /// `guard`: not the clients' own, which may let them reach servers of the school. `policy` outlives it. Fault config
  /// or host.
  [[nodiscard]] static Result<std::unique_ptr<IssuerFetcher>> make(net::ResolverSettings resolver,
                                                                   std::shared_ptr<const net::DestinationGuard> guard,
                                                                   net::DialerSettings dialer,
                                                                   const rules::PolicyStore& policy);
  /// Ends the thread; what is being fetched is dropped. After the workers have ended.
  ~IssuerFetcher();
  IssuerFetcher(const IssuerFetcher&) = delete;
  IssuerFetcher& operator=(const IssuerFetcher&) = delete;

  /// What it has fetched and may still fetch; for every worker.
  [[nodiscard]] const std::shared_ptr<tls::MissingIssuers>& issuers() const noexcept { return issuers_; }

 private:
  IssuerFetcher(std::shared_ptr<const net::DestinationGuard> guard, net::DialerSettings dialer,
                const rules::PolicyStore& policy);
  void begin(std::string address, tls::MissingIssuers::Fetched done);
  void start_thread();
  [[nodiscard]] net::awaitable<Result<std::string>> fetch(std::string address);
  [[nodiscard]] bool may_ask(const names::Url& url) const;

  net::asio::io_context context_{1};
  net::DeadlineList deadlines_;
  net::Dialer dialer_;
  std::unique_ptr<net::Resolver> resolver_;
  const rules::PolicyStore& policy_;
  std::shared_ptr<tls::MissingIssuers> issuers_;
  std::mutex starting_;  ///< guards thread_ until it is there
  std::thread thread_;
};

}  // namespace schoolgate::flow
