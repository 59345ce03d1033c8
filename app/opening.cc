#include "app/opening.h"

#include <filesystem>
#include <system_error>

#include "app/authority_page.h"
#include "proxy/tls/authority.h"

namespace schoolgate::app {

bool can_open(const config::Settings& settings) {
  if (settings.inspection == rules::InspectionMode::off) return false;
  std::error_code error;
  const bool there = std::filesystem::exists(tls::authority_files(authority_folder(settings)).certificate, error);
  return there || error == std::errc::permission_denied;  // it is not for everybody to see
}

bool is_opened(const rules::Verdict& by_name) noexcept {
  return by_name.inspect || (by_name.action == rules::Action::warn && !rules::must_not_open(by_name.inspect_reason));
}

}  // namespace schoolgate::app
