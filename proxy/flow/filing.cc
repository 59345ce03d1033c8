#include "proxy/flow/filing.h"

#include <memory>
#include <utility>

namespace schoolgate::flow {

net::awaitable<breaches::Receipt> file(Worker& worker, breaches::Breach breach) {
  worker.gateway().categories.add(breach.reason.category);
  const auto start = [&worker](auto handler, breaches::Breach filed) {
    // The log keeps a copyable callback; the handler is held beside it and runs on this worker's thread.
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    worker.gateway().breaches.append(std::move(filed), [&worker, waiting = std::move(waiting)](
                                                           breaches::Receipt receipt) mutable {
      net::asio::post(worker.executor(), [waiting = std::move(waiting), receipt] { std::move (*waiting)(receipt); });
    });
  };
  co_return co_await net::asio::async_initiate<const net::asio::use_awaitable_t<net::Executor>,
                                               void(breaches::Receipt)>(start, net::use_awaitable, std::move(breach));
}

void file_later(Worker& worker, breaches::Breach breach) {
  worker.gateway().categories.add(breach.reason.category);
  worker.gateway().breaches.append(std::move(breach), [](breaches::Receipt) {});
}

}  // namespace schoolgate::flow
