// Who types a command, as an account of the desk: by its password, and its code where it has one.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "identity/user_database.h"

namespace schoolgate::app {

/// The account's name. The password is asked for on the terminal, or is the first line of standard input, and the code
/// the next one. Counts as an attempt to sign in; no session stays. Fault client: it is not proved.
[[nodiscard]] Result<std::string> prove_person(identity::UserDatabase& users, std::string_view account, TimePoint now);

}  // namespace schoolgate::app
