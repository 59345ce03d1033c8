#include "app/selftest_job.h"

#include <utility>

#include "base/log.h"
#include "base/thread_name.h"

namespace schoolgate::app {

Result<void> SelftestJob::start(std::string by) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return fail(Fault::host, "the gateway is closing");
  if (state_.running) return fail(Fault::client, "the filter is being tried already", "look again in a minute");
  state_ = {.running = true, .by = by, .at = wall_now(), .failure = {}};
  // The one before has set `running` to false as the last thing it did: there is next to nothing to wait for.
  thread_ = std::jthread([this, by = std::move(by)](const std::stop_token& stop) {
    name_this_thread("selftest");
    const Result<void> done = work_(by, stop);
    if (!done) log::warning("the self-test from the desk has no outcome", {{"why", done.error().text()}});
    const std::scoped_lock mine(mutex_);
    state_.running = false;
    if (!done) state_.failure = done.error().text();
  });
  return {};
}

SelftestJob::State SelftestJob::state() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

void SelftestJob::stop() {
  std::jthread last;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    last = std::move(thread_);
  }
  last.request_stop();
}

}  // namespace schoolgate::app
