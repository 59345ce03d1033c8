// Addresses inside addresses: whatever the address, the search stays within its bounds, and what it finds is canonical.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/nested_urls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace schoolgate;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto check = [](const names::Url& url) {
    const rules::InnerUrls inner = rules::nested_urls(url);
    if (inner.found.size() > rules::InnerUrls::kMost || inner.work > rules::InnerUrls::kMostWork) std::abort();
    for (const rules::InnerUrl& item : inner.found) {
      if (item.url.host().empty()) std::abort();
      if (item.url.names_only()) continue;
      const auto again = names::Url::parse(item.url.text());
      if (!again || again->text() != item.url.text()) std::abort();
    }
  };
  if (const auto url = names::Url::parse(text)) {
    check(*url);
    if (const auto host = names::Host::parse(url->host())) check(names::Url::of_host(*host, url->port()));
  }
  return 0;
}
