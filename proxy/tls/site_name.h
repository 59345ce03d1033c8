// Whether a name in a certificate stands for a host, as browsers decide it.
#pragma once

#include <functional>
#include <string_view>

namespace schoolgate::tls {

/// `name`: a dNSName as it stands in the certificate; `host`: canonical, no address. Equal but for the case of letters
/// and one dot at the end; or "*." for exactly one label, whatever that is, over two labels at least and over no public
/// suffix ("*.co.uk"). Nothing else is a wildcard: "w*.site.test" stands for itself.
[[nodiscard]] bool stands_for(std::string_view name, std::string_view host,
                              const std::function<bool(std::string_view)>& is_public_suffix);

}  // namespace schoolgate::tls
