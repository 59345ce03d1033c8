// What is probably not meant in the school's own rules: for `check`, where a person has just written them.
//
// Rules that stand twice, that a wider one covers, that cover a whole suffix or a name without a dot, and URLs that
// hold a '*' or leave out the www under which the site is reached; patterns for which every connection is opened.
// Advice refuses nothing: each of these can be meant. Pure.
#pragma once

#include "base/problem.h"
#include "rules/policy_spec.h"

namespace schoolgate::rules {

/// Warnings, each at its rule, in the order of the rules. Rules that do not compile are passed over.
[[nodiscard]] Problems rule_advice(const PolicySpec& policy);

}  // namespace schoolgate::rules
