#include "console/confirmations.h"

#include <algorithm>
#include <utility>

#include "web/tokens.h"

namespace schoolgate::console {

std::string Confirmations::keep(std::string_view session, std::string_view path, std::string text, Steady now) {
  const std::string token = web::random_token(16);
  const std::size_t end = std::min(path.find_first_of("?#"), path.size());
  const std::size_t fragment = std::min(path.find('#'), path.size());
  {
    const std::scoped_lock lock(mutex_);
    while (!kept_.empty() && (kept_.size() >= kMost || kept_.front().until <= now)) kept_.pop_front();
    kept_.push_back({.token = token,
                     .session = std::string(session),
                     .path = std::string(path.substr(0, end)),
                     .text = std::move(text),
                     .until = now + kFor});
  }
  const char mark = end < fragment ? '&' : '?';
  return std::string(path.substr(0, fragment)) + mark + "done=" + token + std::string(path.substr(fragment));
}

std::string Confirmations::take(std::string_view token, std::string_view session, std::string_view path, Steady now) {
  if (token.empty()) return {};
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(kept_, token, &Kept::token);
  if (found == kept_.end() || found->session != session || found->path != path || found->until <= now) return {};
  std::string text = std::move(found->text);
  kept_.erase(found);
  return text;
}

}  // namespace schoolgate::console
