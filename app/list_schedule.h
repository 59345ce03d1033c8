// Fetching remote lists when they are due: a child process at low priority, never the gateway itself.
//
// Belongs to the control plane, on its thread. One child at a time. What the child publishes is put in force under the
// configuration that is in force: an update of lists never brings in a file that nobody has accepted.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "app/running_gateway.h"
#include "base/steady_clock.h"
#include "proxy/net/asio.h"

namespace schoolgate::app {

class ListSchedule {
 public:
  /// `updated` is called when a child has ended: RunningGateway::take_lists().
  ListSchedule(net::asio::io_context& context, RunningGateway& gateway, std::function<void()> updated);
  ~ListSchedule();  ///< ends a child that is still running; what it has fetched stays unpublished

  /// Looks once a minute which remote lists are due, starting now; at once after the machine has slept.
  void start();

 private:
  void look();
  void look_again(std::chrono::milliseconds after);
  void wait_for_look();
  void start_child();
  void await_child();

  net::asio::io_context& context_;
  RunningGateway& gateway_;
  std::function<void()> updated_;
  net::asio::steady_timer timer_;
  ::pid_t child_ = -1;
  std::chrono::steady_clock::time_point child_started_;  ///< a machine that sleeps holds the child up too
  SteadyTime next_look_{};
};

}  // namespace schoolgate::app
