// The two heads of an exchange: large, so held only while one is under way, and used again.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "proxy/http/message.h"

namespace schoolgate::flow {

struct Heads {
  http::RequestHead request;
  http::ResponseHead response;
};

/// A worker's heads that nothing uses now. On its thread.
class SpareHeads {
 public:
  [[nodiscard]] std::unique_ptr<Heads> take() {
    if (spare_.empty()) return std::make_unique<Heads>();
    auto heads = std::move(spare_.back());
    spare_.pop_back();
    return heads;
  }
  void give_back(std::unique_ptr<Heads> heads) {
    if (heads && spare_.size() < kMost) spare_.push_back(std::move(heads));
  }

 private:
  static constexpr std::size_t kMost = 64;
  std::vector<std::unique_ptr<Heads>> spare_;
};

}  // namespace schoolgate::flow
