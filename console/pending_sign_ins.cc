#include "console/pending_sign_ins.h"

#include <algorithm>

#include "base/digest.h"
#include "web/tokens.h"

namespace schoolgate::console {

std::string PendingSignIns::add(std::string_view user, std::string_view password, const names::IpAddress& address,
                                TimePoint now) {
  std::string token = web::random_token();
  const std::scoped_lock lock(mutex_);
  while (!pending_.empty() && (pending_.size() >= kMost || pending_.front().until <= now)) pending_.pop_front();
  pending_.push_back({.token = token,
                      .user = std::string(user),
                      .password = identity::Secret(password),
                      .address = address,
                      .until = now + kGoodFor});
  return token;
}

std::optional<PendingSignIns::Pending> PendingSignIns::take(std::string_view token, const names::IpAddress& address,
                                                            TimePoint now) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find_if(
      pending_, [&](const Pending& pending) { return equal_in_constant_time(pending.token, token); });
  if (found == pending_.end()) return std::nullopt;
  Pending pending = std::move(*found);
  pending_.erase(found);
  if (pending.until <= now || pending.address != address) return std::nullopt;
  return pending;
}

}  // namespace schoolgate::console
