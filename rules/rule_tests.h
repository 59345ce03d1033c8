// The rules' own tests against the policy they were written for.
//
// A test outlives what it tests when a rule ends by its own `until`. Such a test says nothing about the policy any
// more: it is passed over with a warning, so that what was accepted in November is accepted in January too.
#pragma once

#include "base/clock.h"
#include "base/problem.h"
#include "rules/policy_spec.h"
#include "rules/snapshot.h"

namespace schoolgate::rules {

/// Runs `spec.tests` against `snapshot`, which was compiled from `spec`. An error for each that fails; a warning for
/// each that fails only because the rule that decided it has ended. Compiles once more when a test fails and a rule of
/// `spec` has an end.
[[nodiscard]] Problems run_rule_tests(const PolicySpec& spec, const PolicySnapshot& snapshot, TimePoint now);

}  // namespace schoolgate::rules
