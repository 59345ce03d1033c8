// The judge's look at what a page says. Internal to this room: PolicySnapshot asks.
#pragma once

#include "rules/compiled_policy.h"
#include "rules/content_facts.h"

namespace schoolgate::rules {

/// Whether the answer to this request is read: the group reads pages, and neither help nor a rule of the school nor a
/// host that is never opened stands against it. `judged` let the request through.
[[nodiscard]] bool reads_content(const CompiledPolicy& policy, const Subject& subject, const Request& request,
                                 const Verdict& judged) noexcept;

/// Allow (tier unlisted) where no category of the page reaches its threshold, else what the group does with the
/// strictest one: of equals the most urgent, then the highest score.
[[nodiscard]] Verdict judge_content(const CompiledPolicy& policy, const Subject& subject, const ContentFacts& facts,
                                    TimePoint now) noexcept;

}  // namespace schoolgate::rules
