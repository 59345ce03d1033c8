// A password from whoever types a command: never from its arguments, which others on the machine can read.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "identity/password_secret.h"

namespace schoolgate::app {

/// At a terminal: asked for twice, shown not at all. Else: the first line of standard input. Fault client: the two
/// differ; fault host: standard input cannot be read. Too long a password comes out longer than
/// identity::kLongestPassword, so that whoever judges it says so.
[[nodiscard]] Result<identity::Secret> read_new_password();

enum class Passphrase : bool { is_new, is_known };

/// The first line of `file`; where that is empty, asked for at the terminal: a new one twice. Fault client: shorter
/// than identity::kShortestPassword, longer than kLongestPassword, or the two differ; fault host: the file cannot be
/// read, or there is no terminal.
[[nodiscard]] Result<identity::Secret> read_passphrase(const std::filesystem::path& file, Passphrase which);

/// One that exists already, or another secret such as a code: asked for once with `prompt` at a terminal, else the next
/// line of standard input.
[[nodiscard]] Result<identity::Secret> read_secret(const char* prompt);

}  // namespace schoolgate::app
