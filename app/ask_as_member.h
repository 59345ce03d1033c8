// A member of the group schoolgate types a question whose files only the gateway may read: the running gateway answers
// it.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace schoolgate::app {

/// The exit status, where the gateway answered in the place of this command (its words without its name); all is
/// printed then. Nothing: this user can read the state, no gateway may be asked, or it is no question; then the command
/// itself says what it can.
[[nodiscard]] std::optional<int> ask_as_member(std::string_view command, std::span<const std::string_view> words);

}  // namespace schoolgate::app
