// Questions of members of the group schoolgate who are not root: which there are, and how they go over the socket.
//
// The gateway runs the command that root would run, in a process that can read its state and write nothing, in a view
// that withholds persons, searches and sealed data (group_view.h). So there is one way for all questions, and each says
// what it says to root but for that. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace schoolgate::app {

/// True for a command, with its verb, that a member may ask at all.
[[nodiscard]] bool is_group_question(std::span<const std::string_view> words) noexcept;

/// With these options too? Fault client: what is withheld, or no such question. `words` begin with the command; none is
/// --config.
[[nodiscard]] Result<void> may_be_asked(std::span<const std::string_view> words);

/// "ask explain http%3A//bets.example/ --json".
[[nodiscard]] std::string request_of(std::span<const std::string_view> words);
/// Nothing for what request_of() does not make.
[[nodiscard]] std::optional<std::vector<std::string>> words_in(std::string_view request);

/// What a command printed and how it ended, as one text.
struct Printed {
  int status = 0;
  std::string out, err;
};
[[nodiscard]] std::string text_of(const Printed& printed);
[[nodiscard]] std::optional<Printed> printed_in(std::string_view text);

}  // namespace schoolgate::app
