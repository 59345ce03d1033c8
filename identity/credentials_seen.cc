#include "identity/credentials_seen.h"

#include <algorithm>
#include <vector>

#include "identity/password_secret.h"

namespace schoolgate::identity {
namespace {

constexpr std::size_t kMost = 20'000;

std::string_view bytes_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

SeenPasswords::SeenPasswords(Ages ages) : ages_(ages) { fill_random(key_); }

std::string SeenPasswords::digest(std::string_view user, std::string_view password) const {
  std::string both;
  both.reserve(user.size() + 1 + password.size());  // in one piece, so that wiping it wipes all of it
  both.append(user).append(1, '\0').append(password);
  const Sha256 out = hmac_sha256(bytes_of(key_), both);
  wipe(both);
  return std::string(bytes_of(out));
}

SeenPasswords::Seen SeenPasswords::look_up(const std::string& digest, Clock::time_point now) const {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(digest);
  if (found == entries_.end()) return Seen::never;
  const bool right = found->second.right;
  if (now - found->second.at > (right ? ages_.right : ages_.wrong)) return Seen::never;
  return right ? Seen::right : Seen::wrong;
}

bool SeenPasswords::was_right(const std::string& digest, Clock::time_point now) const {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(digest);
  return found != entries_.end() && found->second.right && now - found->second.at <= ages_.when_silent;
}

void SeenPasswords::put(const std::string& digest, std::string_view user, bool right, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  if (entries_.size() >= kMost && !entries_.contains(digest)) {
    // Wrong ones first: whoever guesses fills the table with them.
    std::erase_if(entries_, [](const auto& entry) { return !entry.second.right; });
    if (entries_.size() >= kMost)
      std::erase_if(entries_, [&](const auto& entry) { return now - entry.second.at > ages_.right; });
    if (entries_.size() >= kMost) entries_.clear();
  }
  entries_[digest] = {std::string(user), right, now};
}

void SeenPasswords::forget(std::string_view user) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.user == user && entry.second.right; });
}

}  // namespace schoolgate::identity
