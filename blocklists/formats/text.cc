#include "blocklists/formats/text.h"

#include "names/ip_address.h"

namespace schoolgate::blocklists {

bool leads_nowhere(std::string_view address) noexcept {
  if (address.empty() || address == "#") return true;
  const auto parsed = names::IpAddress::parse(address.substr(0, address.find('%')));
  if (!parsed) return false;
  if (parsed->is_v4()) {
    const std::uint32_t value = parsed->v4_host_order();
    return value >> 24 == 0 || value >> 24 == 127 || value == 0xFFFFFFFF;
  }
  const std::string text = parsed->text();
  return text == "::" || text == "::1" || text == "fe80::1";
}

}  // namespace schoolgate::blocklists
