// Whether the gateway opens (decrypts) a connection: what its workers decide while it runs, asked of a configuration.
#pragma once

#include "config/settings.h"
#include "rules/verdict.h"

namespace schoolgate::app {

/// True when connections can be opened at all: inspection is on, and there is an authority as far as this user may see.
[[nodiscard]] bool can_open(const config::Settings& settings);

/// True when a connection whose name was judged so is opened, where connections can be: a rule could change the answer,
/// or there is a warning to be shown inside.
[[nodiscard]] bool is_opened(const rules::Verdict& by_name) noexcept;

}  // namespace schoolgate::app
