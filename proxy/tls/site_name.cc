#include "proxy/tls/site_name.h"

#include "base/ascii.h"

namespace schoolgate::tls {

bool stands_for(std::string_view name, std::string_view host,
                const std::function<bool(std::string_view)>& is_public_suffix) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || host.empty()) return false;
  if (!name.starts_with("*.")) return equal_ignoring_case(name, host);
  const std::string_view above = name.substr(2);
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && above.find('.') != std::string_view::npos &&
         equal_ignoring_case(above, host.substr(dot + 1)) && !is_public_suffix(host.substr(dot + 1));
}

}  // namespace schoolgate::tls
