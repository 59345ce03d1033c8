#include "console/last_lists.h"

#include <utility>

namespace schoolgate::console {

void LastLists::remember(std::string_view session, std::string address) {
  const std::scoped_lock lock(mutex_);
  // Sessions end without a word here; what they lose is a filter.
  if (by_session_.size() >= kMost) by_session_.clear();
  by_session_.insert_or_assign(std::string(session), std::move(address));
}

std::string LastLists::of(std::string_view session, std::string_view otherwise) const {
  const std::scoped_lock lock(mutex_);
  const auto found = by_session_.find(session);
  return found == by_session_.end() ? std::string(otherwise) : found->second;
}

}  // namespace schoolgate::console
