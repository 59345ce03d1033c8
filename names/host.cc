#include "names/host.h"

#include "names/canonical_host.h"

namespace schoolgate::names {

Result<Host> Host::parse(std::string_view text) {
  Host host;
  auto address = append_canonical_host(text, host.text_);
  if (!address) return std::unexpected(std::move(address.error()));
  host.address_ = *address;
  return host;
}

Host Host::from_address(const IpAddress& address) {
  Host host;
  host.address_ = address.embedded();
  append_address(*host.address_, host.text_);
  return host;
}

bool is_same_or_under(std::string_view host, std::string_view site) noexcept {
  if (site.empty() || !host.ends_with(site)) return false;
  return host.size() == site.size() || host[host.size() - site.size() - 1] == '.';
}

}  // namespace schoolgate::names
