// The path and query of a URL in canonical form.
//
// Pure function, any thread, linear. A target that is canonical already costs one scan and one copy.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace schoolgate::names {

/// Appends path and query of `target` (which begins with a slash, a backslash or '?', or is empty, and has neither
/// fragment nor tab, CR or LF) to `out`, as Url describes them, and returns where in `out` the path ends. An empty
/// query leaves no '?'. Fault client: a NUL, escaped or not.
[[nodiscard]] Result<std::size_t> append_canonical_target(std::string_view target, std::string& out);

}  // namespace schoolgate::names
