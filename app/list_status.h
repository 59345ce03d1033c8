// `schoolgate lists status`: how every list of the configuration stands.
#pragma once

#include <span>
#include <string_view>

namespace schoolgate::app {

/// Exit status.
[[nodiscard]] int list_status(std::span<const std::string_view> words);

}  // namespace schoolgate::app
