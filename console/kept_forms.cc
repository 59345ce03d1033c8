#include "console/kept_forms.h"

#include <algorithm>

#include "web/csrf.h"
#include "web/tokens.h"

namespace schoolgate::console {

namespace {

bool is_secret(std::string_view name) {
  return name == web::kCsrfField || name == kWhoseField || name == "code" || name == "secret" ||
         name.find("password") != std::string_view::npos;
}

}  // namespace

std::string KeptForms::keep(std::string_view account, std::string_view path, const web::Form& form, Steady now) {
  KeptForm kept{.path = std::string(path), .fields = {}};
  std::size_t bytes = 0;
  for (const auto& [name, value] : form.fields()) {
    if (is_secret(name)) continue;
    bytes += name.size() + value.size();
    kept.fields.emplace_back(name, value);
  }
  if (bytes > kMostBytes) return {};
  std::string token = web::random_token(16);
  const std::scoped_lock lock(mutex_);
  while (!kept_.empty() && kept_.front().until <= now) kept_.pop_front();
  // One account's forms push out its own, never a colleague's.
  if (std::ranges::count(kept_, account, &Kept::account) >= std::ptrdiff_t(kMostOfAccount))
    kept_.erase(std::ranges::find(kept_, account, &Kept::account));
  if (kept_.size() >= kMost) kept_.pop_front();
  kept_.push_back({.token = token, .account = std::string(account), .form = std::move(kept), .until = now + kFor});
  return token;
}

std::optional<KeptForm> KeptForms::find(std::string_view token, std::string_view account, Steady now) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(kept_, token, &Kept::token);
  if (found == kept_.end() || found->account != account || found->until <= now) return std::nullopt;
  return found->form;
}

}  // namespace schoolgate::console
