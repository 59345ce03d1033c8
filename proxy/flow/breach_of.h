// From a judgement to the record of it.
#pragma once

#include "breaches/breach.h"
#include "proxy/flow/judgement.h"

namespace schoolgate::flow {

/// The record of a block, warn or monitor; owns everything. The id is new.
[[nodiscard]] breaches::Breach breach_of(const Judgement& judgement, const rules::Request& request,
                                         const CameBy& came_by);

/// Whether a person did it or a page did: Sec-Fetch-User and a navigation are a person's, any other fetch with these
/// fields is the page's (Fetch Metadata Request Headers, W3C), and without them it is unknown.
[[nodiscard]] breaches::Initiated initiated_by(const CameBy& came_by) noexcept;

}  // namespace schoolgate::flow
