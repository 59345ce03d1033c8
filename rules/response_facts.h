// What is known of a response when its head has come, before its body is let through.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace schoolgate::rules {

/// Views live as long as the response head.
struct ResponseFacts {
  std::string_view content_type;                ///< the field's value, parameters and all; empty when there is none
  std::string_view content_disposition;         ///< the field's value; its filename counts before the address's
  std::optional<std::uint64_t> content_length;  ///< of the whole body; none when it is not known (chunked)
};

}  // namespace schoolgate::rules
