#include "proxy/flow/upstream.h"

#include "proxy/flow/worker.h"

namespace schoolgate::flow {

net::awaitable<net::Attempt<net::Socket>> dial(Worker& worker, const Destination& to) {
  net::AddressList addresses;
  if (auto known = worker.resolver().cached(to.host); known && !known->empty()) {
    addresses = std::move(*known);
  } else {
    auto resolved = co_await worker.resolver().resolve(to.host);
    if (!resolved) co_return std::unexpected(std::move(resolved.error()));
    addresses = std::move(*resolved);
  }
  co_return co_await worker.dialer().dial(std::move(addresses), to.port, worker.limits().connect);
}

}  // namespace schoolgate::flow
