// `schoolgate lists update` and `schoolgate lists rollback`: changing which category data is in force.
//
// Both act as the owner of the state folder when run by root, hold the store's lock and end by telling a running
// gateway to reload, which checks everything once more.
#pragma once

#include <span>
#include <string_view>

namespace schoolgate::app {

/// Exit status.
[[nodiscard]] int update_lists(std::span<const std::string_view> words);
[[nodiscard]] int roll_back_lists(std::span<const std::string_view> words);

}  // namespace schoolgate::app
