// One line of decisions.jsonl: contract section 6, written by hand because it is written for every request.
#pragma once

#include <string>

#include "breaches/append_text.h"
#include "breaches/decision_log.h"

namespace schoolgate::breaches {

/// Appends the object and a newline. Queries are redacted; host and url of sealed decisions are withheld.
void append_decision_line(std::string& out, const Decision& decision, TimeText& time_text);

}  // namespace schoolgate::breaches
