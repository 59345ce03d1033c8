// Law: decide before decrypt. Whether more than the name could change a verdict that was reached by the name alone.
// Internal to this room.
#pragma once

#include "rules/compiled_policy.h"
#include "rules/inspection.h"

namespace schoolgate::rules {

/// `by_name` was asked, `matches` are the lists' answers to it and `verdict` is what came of them. `by_name_only`: the
/// device takes no certificate of ours.
[[nodiscard]] Inspection why_inspect(const CompiledPolicy& policy, const Asking& asking, bool by_name_only,
                                     const names::Url& by_name, const blocklists::Matches& matches,
                                     const Verdict& verdict) noexcept;

}  // namespace schoolgate::rules
