// What serves in the place of something else since the start, while it does: for status, metrics and the alert to "it".
//
// Thread-safe. Filled while the gateway is made, emptied by whoever brings the real thing back.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "app/load_policy.h"

namespace schoolgate::app {

class StartFallbacks {
 public:
  /// Told of each fallback that begins or changes; `why` is empty when it has ended.
  using OnChange = std::function<void(const StartFallback&)>;
  explicit StartFallbacks(OnChange on_change) : on_change_(std::move(on_change)) {}

  void set(std::string_view what, std::string why);
  void clear(std::string_view what);
  [[nodiscard]] bool has(std::string_view what) const;
  /// In the order in which they began.
  [[nodiscard]] std::vector<StartFallback> all() const;

 private:
  const OnChange on_change_;
  mutable std::mutex mutex_;
  std::vector<StartFallback> all_;
};

}  // namespace schoolgate::app
