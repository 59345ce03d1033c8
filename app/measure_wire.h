// A measure as it goes over the control socket: one JSON object.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "rules/measures.h"

namespace schoolgate::app {

/// {"kind","id","groups","networks","sites","list","by","why","from","until"}; "until" is absent for one without an
/// end.
[[nodiscard]] std::string measure_json(const rules::Measure& measure);
/// Fault client: what it lacks or has wrongly.
[[nodiscard]] Result<rules::Measure> measure_from_json(std::string_view text);

}  // namespace schoolgate::app
