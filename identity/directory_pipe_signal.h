// While one lives, a connection whose other end has gone is an error of the call that finds out, not a SIGPIPE that
// ends the process: libldap writes without asking for that itself.
//
// For the thread that makes it; may be nested.
#pragma once

#include <pthread.h>
#include <signal.h>
#include <time.h>

namespace schoolgate::identity {

class NoPipeSignal {
 public:
  NoPipeSignal() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec at_once{};
    while (::sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {  // it would be delivered with the next line
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_, before_;
};

}  // namespace schoolgate::identity
