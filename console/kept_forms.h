// Typed text that came when its session was over: kept for the account that typed it, until that one has signed in
// again (casework/drafts.h).
//
// Passwords, codes and form tokens are left out. Nothing of it is done before its author sends it once more.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "casework/drafts.h"
#include "web/form.h"

namespace schoolgate::console {

/// The token under which it is found again; empty: it is larger than what is kept. Fault host: it cannot be kept.
[[nodiscard]] Result<std::string> keep_form(casework::DeskStore& desk, std::string_view account, std::string_view path,
                                            const web::Form& form, TimePoint now);

/// The field that says, signed, which account a form was shown to.
inline constexpr std::string_view kWhoseField = "whose";

}  // namespace schoolgate::console
