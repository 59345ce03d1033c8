// How a check of the self-test came out: what the gateway answered, beside what it wrote down.
#pragma once

#include <string>
#include <vector>

#include "app/selftest_checks.h"
#include "app/selftest_probe.h"

namespace schoolgate::app {

/// Fills in found, status and as_expected of a check that was sent. `records` are the breach records (JSON, one each)
/// written since. A refusal is a 403 whose record is in the log: a site's own 403 and a refused destination leave none,
/// and a refusal that was not recorded is not what the policy promises. Nor is a host that was to be opened and was
/// not.
void judge_outcome(Check& check, const ProbeAnswer& answer, const std::vector<std::string>& records);

/// The same for a check that was not sent.
void judge_unsent(Check& check);

[[nodiscard]] bool is_refusal(rules::Action action) noexcept;

}  // namespace schoolgate::app
