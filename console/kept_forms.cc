#include "console/kept_forms.h"

#include "web/csrf.h"
#include "web/tokens.h"

namespace schoolgate::console {

namespace {

bool is_secret(std::string_view name) {
  return name == web::kCsrfField || name == kWhoseField || name == "code" || name == "secret" ||
         name.find("password") != std::string_view::npos;
}

}  // namespace

Result<std::string> keep_form(casework::DeskStore& desk, std::string_view account, std::string_view path,
                              const web::Form& form, TimePoint now) {
  casework::Draft draft{.path = std::string(path), .fields = {}};
  for (const auto& [name, value] : form.fields())
    if (!is_secret(name)) draft.fields.emplace_back(name, value);
  std::string token = web::random_token(16);
  const auto kept = casework::Drafts(desk).keep(token, account, draft, now);
  if (kept) return token;
  if (kept.error().fault == Fault::client) return std::string();
  return std::unexpected(kept.error());
}

}  // namespace schoolgate::console
