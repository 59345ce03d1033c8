#include "app/list_schedule.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "base/log.h"

extern char** environ;

namespace schoolgate::app {
namespace {

constexpr auto kLook = std::chrono::minutes(1);
constexpr auto kAfterFailure = std::chrono::minutes(15);
constexpr auto kPoll = std::chrono::seconds(1);
constexpr auto kLongest = std::chrono::hours(1);  // a child that takes longer is stuck

}  // namespace

ListSchedule::ListSchedule(net::asio::io_context& context, RunningGateway& gateway, std::function<void()> updated)
    : context_(context), gateway_(gateway), updated_(std::move(updated)), timer_(context) {}

ListSchedule::~ListSchedule() {
  if (child_ <= 0) return;
  ::kill(child_, SIGTERM);
  ::waitpid(child_, nullptr, 0);
}

void ListSchedule::start() {
  net::asio::post(context_, [this] { look(); });
}

void ListSchedule::look() {
  if (gateway_.lists_due(wall_now())) start_child();
  if (child_ > 0) return await_child();
  look_again(kLook);
}

// Timers stand still while the machine sleeps, and so would a list that is due: the time is looked at every second.
void ListSchedule::look_again(std::chrono::milliseconds after) {
  next_look_ = steady_now() + after;
  wait_for_look();
}

void ListSchedule::wait_for_look() {
  timer_.expires_after(kPoll);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    steady_now() < next_look_ ? wait_for_look() : look();
  });
}

// `lists update` is what a person would type; nice(1) keeps it out of the way of requests.
void ListSchedule::start_child() {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string folder = gateway_.folder().string();
  const char* const words[] = {"nice",   "-n",    "15",       self.c_str(),   "lists",
                               "update", "--due", "--config", folder.c_str(), nullptr};
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int error = ::posix_spawnp(&child_, "nice", nullptr, &attributes, const_cast<char* const*>(words), environ);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    child_ = -1;
    gateway_.tell_it("list update failed", std::string("the update could not be started: ") + std::strerror(error));
    return;
  }
  child_started_ = std::chrono::steady_clock::now();
}

void ListSchedule::await_child() {
  int status = 0;
  const ::pid_t ended = ::waitpid(child_, &status, WNOHANG);
  if (ended == 0) {
    if (std::chrono::steady_clock::now() - child_started_ > kLongest) ::kill(child_, SIGKILL);
    timer_.expires_after(kPoll);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) await_child();
    });
    return;
  }
  child_ = -1;
  const bool done = ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (done)
    log::info("lists updated");
  else
    gateway_.tell_failed_update();
  // Also after a failure: one list may have failed and another come through.
  updated_();
  look_again(done ? kLook : kAfterFailure);
}

}  // namespace schoolgate::app
