// International domain names: what a browser sends to the name server for what a person typed (UTS-46 over IDNA2008).
//
// The only part that knows libidn2. Pure functions, any thread; they cost microseconds, so plain names never come here.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace schoolgate::names {

/// Maps a UTF-8 host to A-labels, non-transitionally ("faß.example" keeps its ß). Fault client: not UTF-8, or a label
/// that IDNA does not allow. The result may still hold bytes that no host may hold ("％" becomes "%").
[[nodiscard]] Result<std::string> to_ascii(std::string_view host);

/// True when a lower-case "xn--…" label is the one A-label of some U-label. Symbols and emoji are taken although
/// IDNA2008 has no place for them: registries sold such names, and browsers open them.
[[nodiscard]] bool is_a_label(std::string_view label);

}  // namespace schoolgate::names
