#include "app/start_fallbacks.h"

#include <algorithm>

namespace schoolgate::app {

void StartFallbacks::set(std::string_view what, std::string why) {
  StartFallback fallback{std::string(what), std::move(why)};
  {
    const std::scoped_lock lock(mutex_);
    const auto known = std::ranges::find(all_, what, &StartFallback::what);
    if (known != all_.end() && known->why == fallback.why) return;
    if (known != all_.end())
      *known = fallback;
    else
      all_.push_back(fallback);
  }
  on_change_(fallback);
}

void StartFallbacks::clear(std::string_view what) {
  {
    const std::scoped_lock lock(mutex_);
    if (std::erase_if(all_, [&](const StartFallback& one) { return one.what == what; }) == 0) return;
  }
  on_change_({std::string(what), {}});
}

bool StartFallbacks::has(std::string_view what) const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::find(all_, what, &StartFallback::what) != all_.end();
}

std::vector<StartFallback> StartFallbacks::all() const {
  const std::scoped_lock lock(mutex_);
  return all_;
}

}  // namespace schoolgate::app
