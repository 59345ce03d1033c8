// The socket for questions: what members of the group schoolgate may ask a running gateway, and never a command.
//
// It lies in /run/schoolgate (RuntimeDirectory of the unit), outside the state folder, which is the gateway's alone,
// and is open to the gateway's own group: schoolgate, where the unit started it. Nothing that is asked here changes
// anything, and no answer holds a person, a search or an entry of a sealed list.
#pragma once

#include <filesystem>
#include <string_view>

namespace schoolgate::app {

/// Of the gateway that keeps its state in `state`: the same path for every user.
[[nodiscard]] std::filesystem::path question_path(const std::filesystem::path& state);

/// A request, without its line feed, that may come over this socket.
[[nodiscard]] bool is_question(std::string_view request) noexcept;

}  // namespace schoolgate::app
