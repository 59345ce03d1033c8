// Character references: "&eacute;", "&#233;", "&#xE9" as text.
#pragma once

#include <string>
#include <string_view>

namespace schoolgate::content {

/// The longest that is looked at, without '&' and ';'.
inline constexpr std::size_t kLongestEntity = 32;

/// Appends what `name` ("eacute", "#233", "#xE9") stands for; false when it stands for nothing, and nothing is
/// appended.
[[nodiscard]] bool append_entity(std::string& out, std::string_view name);

/// Text of an attribute with its references undone.
[[nodiscard]] std::string without_entities(std::string_view text);

}  // namespace schoolgate::content
