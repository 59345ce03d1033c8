// An end to a wait for a peer that need not come: the wait on a socket is woken at a time.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <memory>

#include "proxy/net/asio.h"
#include "proxy/net/socket.h"

namespace schoolgate::flow {

/// Wakes the wait on `socket` at a time, and none after the alarm is gone.
class Alarm {
 public:
  Alarm(net::Socket& socket, std::chrono::steady_clock::time_point at)
      : socket_(std::make_shared<net::Socket*>(&socket)), timer_(socket.executor()) {
    timer_.expires_at(at);
    timer_.async_wait([waiting = socket_](const boost::system::error_code& error) {
      if (!error && *waiting) (*waiting)->wake();
    });
  }
  ~Alarm() { *socket_ = nullptr; }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

 private:
  std::shared_ptr<net::Socket*> socket_;
  net::asio::basic_waitable_timer<std::chrono::steady_clock, net::asio::wait_traits<std::chrono::steady_clock>,
                                  net::Executor>
      timer_;
};

}  // namespace schoolgate::flow
