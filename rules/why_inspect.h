// Law: decide before decrypt. Whether more than the name could change a verdict that was reached by the name alone.
// Internal to this room.
#pragma once

#include "rules/compiled_policy.h"
#include "rules/inspection.h"

namespace schoolgate::rules {

/// `by_name` was asked, `matches` are the lists' answers to it and `verdict` is what came of them.
[[nodiscard]] Inspection why_inspect(const CompiledPolicy& policy, GroupIndex group, const names::Url& by_name,
                                     const blocklists::Matches& matches, const Verdict& verdict,
                                     TimePoint now) noexcept;

}  // namespace schoolgate::rules
